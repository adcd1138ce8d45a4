"""The simulated wall clock: it starts at a moment and goes with the event loop."""

import asyncio
from datetime import datetime, timedelta


class SimulatedClock:
    """`ahead_s` is how far this clock is off."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, start: datetime, *, ahead_s: float = 0.0
    ) -> None:
        self._loop = loop
        self._start = start + timedelta(seconds=ahead_s)

    def now(self) -> datetime:
        """Present moment."""
        return self._start + timedelta(seconds=self._loop.time())

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)
