"""Tells open pages what has changed, by server-sent events; their data are names.

A stream ends by itself, so that a process that stops is not held up; browsers come back at once,
with the id of what they were told, and are told only what they missed.
"""

from collections.abc import AsyncIterator, Mapping
from hashlib import sha256
from typing import Annotated, Final

from fastapi import APIRouter, Header
from starlette.responses import Response, StreamingResponse

from settings_api.api.shown import shown
from settings_api.pages.page_route import EVENT_STREAM, PageRoute
from settings_api.pages.visitor import CurrentVisitor, Visitor

LOOK_EVERY_S: Final = 1.0
LOOKS: Final = 15
RETRY_MS: Final = 500

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/live")
async def live(
    visitor: CurrentVisitor, last_event_id: Annotated[str, Header(max_length=64)] = ""
) -> Response:
    """`status-<id>` and `settings-<id>`: what a page shows of a connection may be old."""
    return StreamingResponse(_events(visitor, last_event_id), media_type=EVENT_STREAM)


async def _events(visitor: Visitor, known: str) -> AsyncIterator[str]:
    """All is told at the start, for what happened while nobody listened, unless it is `known`."""
    yield f"retry: {RETRY_MS}\n\n"
    told: dict[str, str] = {}
    for _ in range(LOOKS):
        states = await _states(visitor)
        if (digest := _digest(states)) != known:
            for name, state in states.items():
                if told.get(name) != state:
                    yield f"data: {name}\n\n"
            yield f"id: {digest}\n\n"
            known = digest
        told = states
        await visitor.parts.clock.sleep(LOOK_EVERY_S)


async def _states(visitor: Visitor) -> dict[str, str]:
    states = {}
    for connection in await visitor.parts.connections.of_user(visitor.session.user.key):
        one = shown(connection)
        states[f"status-{one.id}"] = f"{one.status} {one.push} {one.last_synced}"
        states[f"settings-{one.id}"] = str(one.revision)
    return states


def _digest(states: Mapping[str, str]) -> str:
    return sha256(repr(states).encode()).hexdigest()
