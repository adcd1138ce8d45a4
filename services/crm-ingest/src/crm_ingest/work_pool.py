"""Does claimed work side by side, a bounded number of pieces at a time.

A claim is a lease in PostgreSQL: what a crash leaves undone runs out and is claimed again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from tandem.runtime.logs import LOG

WorkT = TypeVar("WorkT")
DRAIN_S: Final = 20.0


class WorkPool(Generic[WorkT]):
    """`claim(most)` gives pieces of work that nobody else has; `work` does one of them."""

    def __init__(
        self,
        name: str,
        *,
        claim: Callable[[int], Awaitable[Sequence[WorkT]]],
        work: Callable[[WorkT], Awaitable[None]],
        most: int,
    ) -> None:
        self.name = name
        self._claim = claim
        self._work = work
        self._most = most
        self._under_way: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Tell that there may be work."""
        self._wake.set()

    async def wait(self, seconds: float) -> None:
        """Return when woken, or after `seconds`."""
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self._wake.clear()

    async def round(self) -> None:
        """Claim what there is room for, and begin with it."""
        room = self._most - len(self._under_way)
        if room <= 0:
            return
        for piece in await self._claim(room):
            task = asyncio.create_task(self._do(piece), name=self.name)
            self._under_way.add(task)
            task.add_done_callback(self._finished)

    async def drain(self) -> None:
        """Let what was begun come to its end; what takes too long is broken off."""
        if not self._under_way:
            return
        _, late = await asyncio.wait(self._under_way, timeout=DRAIN_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _do(self, piece: WorkT) -> None:
        try:
            await self._work(piece)
        except Exception as error:  # noqa: BLE001 - a run loop: the claim runs out, then again
            LOG.warning("work_failed", pool=self.name, error=type(error).__name__, exc_info=True)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self.wake()
