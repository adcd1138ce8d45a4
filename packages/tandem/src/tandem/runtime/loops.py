"""Run loops: something done again and again until the service stops; a failed round is logged."""

import asyncio
from collections.abc import Awaitable, Callable

from tandem.runtime import metrics
from tandem.runtime.health import Health
from tandem.runtime.logs import LOG

PAUSE_AFTER_ERROR_S = 1.0
PAUSE_LONGEST_S = 30.0
CANCEL_AGAIN_S = 1.0

Round = Callable[[], Awaitable[None]]
Wait = Callable[[float], Awaitable[None]]


class Loops:
    """The background tasks of one process."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._rounds: list[tuple[str, float, Round, Wait]] = []
        self._tasks: list[asyncio.Task[None]] = []

    def every(self, seconds: float, name: str, once: Round, *, wait: Wait = asyncio.sleep) -> None:
        """Run `once` now and then every `seconds`, or sooner where `wait` returns sooner."""
        metrics.LOOP_ERRORS.labels(name)  # the first failure counts too
        self._rounds.append((name, seconds, once, wait))

    def start(self) -> None:
        """Start all loops."""
        self._tasks = [asyncio.create_task(self._run(*loop), name=loop[0]) for loop in self._rounds]

    async def stop(self) -> None:
        """Cancel all loops and wait until they are gone; some libraries swallow a cancellation."""
        left = set(self._tasks)
        while left:
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_S)

    async def _run(self, name: str, seconds: float, once: Round, wait: Wait) -> None:
        failures = 0
        while True:
            self._health.beat(name)
            try:
                await once()
            except Exception as error:  # noqa: BLE001 - the next round may work
                failures += 1
                metrics.LOOP_ERRORS.labels(name).inc()
                LOG.warning("loop_failed", loop=name, error=type(error).__name__, exc_info=True)
                self._health.idle(name)
                pause = min(PAUSE_AFTER_ERROR_S * 2.0 ** min(failures, 10), PAUSE_LONGEST_S)
                await asyncio.sleep(min(pause, max(seconds, PAUSE_AFTER_ERROR_S)))
            else:
                failures = 0
                self._health.idle(name)
                await wait(seconds)
