"""Background writes to a mailbox that come at the same moment are sent together.

Each is answered by itself, as if it had been sent alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import httpx

from calendar_ingest.adapters.request import Request
from calendar_ingest.calendars import Account
from tandem.runtime.clock import Clock

GATHER_S: Final = 0.01
"""Writes that begin together come to be sent well within this time."""
Answer = tuple[httpx.Response, bytes]
"""Status and headers of an answer, and its body."""
SendTogether = Callable[[Account, Sequence[Request]], Awaitable[Sequence[Answer]]]


@dataclass(frozen=True)
class _Waiting:
    request: Request
    answer: asyncio.Future[Answer]


class Gathering:
    """Gathers by mailbox; `send_together` answers up to `most` requests, in their order."""

    def __init__(self, most: int, send_together: SendTogether, clock: Clock) -> None:
        self._most = most
        self._send_together = send_together
        self._clock = clock
        self._waiting: dict[UUID, list[_Waiting]] = {}
        self._sending: set[asyncio.Task[None]] = set()

    async def send(self, account: Account, request: Request) -> Answer:
        """Send a request with those that others send now."""
        one = _Waiting(request, asyncio.get_running_loop().create_future())
        gathered = self._waiting.setdefault(account.credential_id, [])
        gathered.append(one)
        if len(gathered) == 1:
            task = asyncio.create_task(self._send_gathered(account))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return await one.answer

    async def _send_gathered(self, account: Account) -> None:
        await self._clock.sleep(GATHER_S)
        gathered = self._waiting.pop(account.credential_id)
        try:
            for first in range(0, len(gathered), self._most):
                together = gathered[first : first + self._most]
                answers = await self._send_together(account, [one.request for one in together])
                for one, answer in zip(together, answers, strict=True):
                    if not one.answer.done():
                        one.answer.set_result(answer)
        except Exception as error:  # noqa: BLE001 - it is raised where the requests came from
            for one in gathered:
                if not one.answer.done():
                    one.answer.set_exception(error)
        finally:
            for one in gathered:
                one.answer.cancel()
