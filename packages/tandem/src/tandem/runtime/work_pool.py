"""Work that is claimed in the database and done side by side, a bounded number at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from tandem.runtime.logs import LOG

WorkT = TypeVar("WorkT")
DRAIN_S = 20.0


class WorkPool(Generic[WorkT]):
    """`claim(most)` gives work that nobody else has; `work` does one piece of it.

    What `work` raises is logged and leaves the claim to run out.
    """

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
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Tell that there may be work."""
        self._woken.set()

    async def wait(self, seconds: float) -> None:
        """Return when woken, or after `seconds`."""
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self._woken.clear()

    async def round(self) -> None:
        """Claim as much as can be done now, and begin with it."""
        room = self._most - len(self._tasks)
        if room <= 0:
            return
        for piece in await self._claim(room):
            task = asyncio.create_task(self._do(piece), name=self.name)
            self._tasks.add(task)
            task.add_done_callback(self._done)

    async def drain(self) -> None:
        """Let what was begun come to its end; what takes too long is broken off."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=DRAIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _do(self, piece: WorkT) -> None:
        try:
            await self._work(piece)
        except Exception as error:  # noqa: BLE001 - the claim runs out and somebody tries again
            LOG.warning("work_failed", pool=self.name, error=type(error).__name__, exc_info=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.wake()
