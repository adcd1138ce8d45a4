"""Tells an open page what has changed on each side, by server-sent events.

The id of an event says what the page shows then, so that a browser that comes back is told only
what it missed. A stream ends with the sandbox, which would wait for it otherwise.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl, urlencode

from tandem_sandbox.pages.board import Board, Boards
from tandem_sandbox.pages.meeting import Meeting
from tandem_sandbox.pages.rendering import rendered, rendered_meetings
from tandem_sandbox.pages.side import Side
from tandem_sandbox.world import World

LOOK_EVERY_S: Final = 0.1
LIFE_S: Final = 3600.0
RETRY_MS: Final = 200
FAULTS: Final = "faults"

Sleep = Callable[[float], Awaitable[None]]


class Live:
    """Watches the world for pages."""

    def __init__(self, world: World, boards: Boards, *, sleep: Sleep = asyncio.sleep) -> None:
        self._world = world
        self._boards = boards
        self._sleep = sleep

    def seen(self, board: Board, shown: Mapping[str, list[Meeting]]) -> str:
        """What a page shows of a board (the meetings by side), as ids of events say it."""
        parts = {
            name: rendered_meetings(board, side, shown[name]) for name, side in board.sides.items()
        }
        parts[FAULTS] = self._faults(board)
        return urlencode({name: _digest(text) for name, text in parts.items()})

    async def events(self, query: Mapping[str, str], seen: str) -> AsyncIterator[str]:
        """The events of a page that shows what `seen` says."""
        yield f"retry: {RETRY_MS}\n\n"
        digests = dict(parse_qsl(seen))
        known: dict[str, dict[str, Meeting]] = {}
        stamp: object = None
        for _ in range(round(LIFE_S / LOOK_EVERY_S)):
            if self._world.is_stopping():
                return
            if (latest := self._stamp()) != stamp:
                stamp = latest
                board = self._boards.of(query)
                for name, side in board.sides.items():
                    meetings = board.meetings(side)
                    for event in _told_of(board, side, meetings, digests, known.get(name)):
                        yield event
                    known[name] = {one.key: one for one in meetings}
                text = self._faults(board)
                if digests.get(FAULTS) != _digest(text):
                    digests[FAULTS] = _digest(text)
                    yield _event(FAULTS, text, digests)
            await self._sleep(LOOK_EVERY_S)

    def _stamp(self) -> object:
        """Differs whenever a page may be old."""
        armed = tuple((one.id, one.left) for one in self._world.faults.armed())
        return self._world.revision, armed, f"{self._world.clock.now():%Y-%m-%d %H}"

    def _faults(self, board: Board) -> str:
        return rendered("_faults.html", board=board, armed=self._world.faults.armed())


def _told_of(
    board: Board,
    side: Side,
    meetings: list[Meeting],
    digests: dict[str, str],
    before: dict[str, Meeting] | None,
) -> list[str]:
    """The events of a side that looks different now; what came or changed is marked."""
    plain = rendered_meetings(board, side, meetings)
    if digests.get(side.name) == _digest(plain):
        return []
    digests[side.name] = _digest(plain)
    if before is None:
        return [_event(side.name, plain, digests)]
    fresh = [one for one in meetings if before.get(one.key) != one]
    gone = [one for key, one in before.items() if key not in {now.key for now in meetings}]
    marked = rendered_meetings(board, side, meetings, frozenset(one.key for one in fresh))
    news = rendered("_news.html", side=side, fresh=fresh, gone=gone)
    return [_event(side.name, marked, digests), _event("news", news, digests)]


def _event(name: str, text: str, digests: dict[str, str]) -> str:
    data = "".join(f"data: {line}\n" for line in text.splitlines())
    return f"event: {name}\nid: {urlencode(digests)}\n{data}\n"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]
