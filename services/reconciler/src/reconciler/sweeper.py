"""What the clock starts: stale commands are sent again, waiting occurrences get their turn."""

import asyncio
from datetime import timedelta

from reconciler.executor import Executor
from tandem.runtime.app import Runtime
from tandem.runtime.continuity import Continuity


class Sweeper:
    """Sends stale commands again; all of them at once where the broker may have lost some."""

    def __init__(
        self,
        runtime: Runtime,
        executor: Executor,
        *,
        continuity: Continuity,
        resend_after: timedelta,
        keep_history: timedelta,
    ) -> None:
        self._runtime = runtime
        self._executor = executor
        self._continuity = continuity
        self._resend_after = resend_after
        self._keep_history = keep_history
        self._lost = asyncio.Event()
        runtime.publisher.on_loss.append(self._lost.set)

    async def resend(self) -> None:
        """Send commands again that have had no outcome for too long."""
        lost = self._lost.is_set()
        self._lost.clear()
        try:
            await self._executor.resend_stale(timedelta() if lost else self._resend_after)
        except Exception:
            if lost:
                self._lost.set()
            raise

    async def wait(self, seconds: float) -> None:
        """Return after `seconds`, or at once when messages were lost."""
        try:
            await asyncio.wait_for(self._lost.wait(), seconds)
        except TimeoutError:
            return

    async def check_broker(self) -> None:
        """Have everything sent again where the broker forgot what it had acknowledged."""
        if await self._continuity.lost(self._runtime.pool):
            self._runtime.rewind()
            self._lost.set()

    async def take_turns(self) -> None:
        """Take in occurrences of series whose time has come."""
        await self._executor.take_turns()

    async def tidy(self) -> None:
        """Forget what no message can come back to any more, and history that is too old."""
        await self._executor.forget_old()
        if self._keep_history:
            await self._executor.forget_history(self._keep_history)
