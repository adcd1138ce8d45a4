"""Liveness, readiness and metrics: `/livez`, `/readyz`, `/metrics`.

Live: every consume loop has polled lately. Ready: started, not halted, every check holds.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tandem.runtime import metrics
from tandem.runtime.clock import Clock

BEAT_MAX = timedelta(minutes=4)
"""A batch may be handled for as long as Kafka lets a consumer stay away; then it is stuck."""

Check = Callable[[], Awaitable[bool]]


class Health:
    """What this process knows of its own state."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._beats: dict[str, datetime] = {}
        self._checks: dict[str, Check] = {}
        self.started = False

    def beat(self, loop: str) -> None:
        """Note that a loop is alive."""
        self._beats[loop] = self._clock.now()
        metrics.HEARTBEAT.labels(loop).set(self._beats[loop].timestamp())

    def idle(self, loop: str) -> None:
        """Note that a loop waits for its next round, however long that is."""
        self._beats.pop(loop, None)

    def check(self, name: str, check: Check) -> None:
        """Add a condition of readiness."""
        self._checks[name] = check

    def stuck(self) -> list[str]:
        """Loops that have been at one round for too long."""
        since = self._clock.now() - BEAT_MAX
        return sorted(loop for loop, moment in self._beats.items() if moment < since)

    async def failing(self) -> list[str]:
        """Names of the readiness conditions that do not hold."""
        failing = [] if self.started else ["started"]
        for name, check in self._checks.items():
            try:
                holds = await check()
            except Exception:  # noqa: BLE001 - a check that breaks does not hold
                holds = False
            if not holds:
                failing.append(name)
        return failing

    def routes(self) -> list[Route]:
        """The three endpoints."""
        return [
            Route("/livez", self._livez, include_in_schema=False),
            Route("/readyz", self._readyz, include_in_schema=False),
            Route("/metrics", _metrics, include_in_schema=False),
        ]

    async def _livez(self, _request: Request) -> Response:
        stuck = self.stuck()
        return JSONResponse({"stuck": stuck}, status_code=503 if stuck else 200)

    async def _readyz(self, _request: Request) -> Response:
        failing = await self.failing()
        return JSONResponse({"failing": failing}, status_code=503 if failing else 200)


async def _metrics(_request: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
