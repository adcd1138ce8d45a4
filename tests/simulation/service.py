"""A service as it runs in a simulation: the production composition root around simulated parts.

What reaches out of the process is replaced: broker, database, credential store, HTTP client. Loops
wait longer, and of settings-api there are the parts alone, without pages and routes.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

from starlette.types import Message
from tests.simulation.broker import Consumer, Kafka, SimulatedPublisher
from tests.simulation.clock import SimulatedClock
from tests.simulation.process import Process
from tests.simulation.store import SimulatedPool, Store

import calendar_ingest.app
import calendar_ingest.settings
import crm_ingest.app
import crm_ingest.settings
import reconciler.app
import reconciler.settings
import settings_api.app
import settings_api.settings
from settings_api.parts import Parts
from tandem.runtime.failures import DeadLetterLimit
from tandem.runtime.health import Health
from tandem.runtime.loops import Loops, Round, Wait
from tandem.runtime.outbox import Outbox
from tandem.runtime.subscriptions import Failures

POLL_S: Final = 45.0
"""Work is begun when somebody wakes a pool; polls only find what waited for its time."""
RELAY_S: Final = 4 * POLL_S
"""An outbox is woken by every commit; polls only find what a crash has left there."""
RARELY_S: Final = 3600.0
INTERNAL_TOKEN: Final = "internal"
WEBHOOK_USER, WEBHOOK_PASSWORD = "pipedrive", "a long password"
PIPEDRIVE_URL: Final = "https://pipedrive.example"
_RUNTIME: Final[dict[str, Any]] = {
    "kafka_bootstrap_servers": "nowhere:1",
    "database_url": "postgresql://nobody@nowhere/tandem",
    "http_port": 8080,
    "internal_token": INTERNAL_TOKEN,
}
_CREDENTIALS: Final[dict[str, Any]] = {
    "credentials_database_url": "postgresql://nobody@nowhere/tandem",
    "credentials_keys": "none",
}
SETTINGS: Final[dict[str, Any]] = {
    "reconciler": reconciler.settings.Settings(**_RUNTIME),
    "crm-ingest": crm_ingest.settings.Settings(
        **_RUNTIME,
        **_CREDENTIALS,
        pipedrive_token_url=f"{PIPEDRIVE_URL}/token",
        pipedrive_client_id="client",
        pipedrive_client_secret="secret",
        pipedrive_webhook_url="https://tandem.example/webhooks/pipedrive",
        pipedrive_webhook_user=WEBHOOK_USER,
        pipedrive_webhook_password=WEBHOOK_PASSWORD,
    ),
    "calendar-ingest": calendar_ingest.settings.Settings(
        **_RUNTIME,
        **_CREDENTIALS,
        google_api_url="https://google.example/calendar/v3/",
        google_token_url="https://google.example/token",
        google_client_id="client",
        google_client_secret="secret",
        google_webhook_url="https://tandem.example/webhooks/google",
    ),
}
SETTINGS["settings-api"] = settings_api.settings.Settings(
    **_RUNTIME,
    **_CREDENTIALS,
    public_url="https://tandem.example",
    pipedrive_authorize_url=f"{PIPEDRIVE_URL}/authorize",
    pipedrive_token_url=f"{PIPEDRIVE_URL}/token",
    pipedrive_client_id="client",
    pipedrive_client_secret="secret",
    pipedrive_api_domains=frozenset({"pipedrive.example"}),
    google_authorize_url="https://google.example/authorize",
    google_token_url="https://google.example/token",
    google_revoke_url="https://google.example/revoke",
    google_userinfo_url="https://google.example/userinfo",
    google_client_id="client",
    google_client_secret="secret",
    mx_lookup=False,
    crm_ingest_url="http://crm-ingest",
    calendar_ingest_url="http://calendar-ingest",
    reconciler_url="http://reconciler",
)
_APPS: Final[dict[str, Any]] = {
    "reconciler": reconciler.app,
    "crm-ingest": crm_ingest.app,
    "calendar-ingest": calendar_ingest.app,
    "settings-api": settings_api.app,
}


@dataclass
class Pace:
    """How much more rarely than usual everything looks for work that nobody woke it for."""

    slower: float = 1.0


class PacedLoops(Loops):
    """Run loops that wait longer while nothing happens."""

    def __init__(self, health: Health, pace: Pace) -> None:
        super().__init__(health)
        self._pace = pace

    def every(self, seconds: float, name: str, once: Round, *, wait: Wait = asyncio.sleep) -> None:
        """See `Loops`."""

        async def wait_at_pace(usual_s: float) -> None:
            await wait(usual_s * self._pace.slower)

        super().every(seconds, name, once, wait=wait_at_pace)


class SimulatedRuntime:
    """The surface of `tandem.runtime.app.Runtime`."""

    def __init__(
        self,
        process: Process,
        kafka: Kafka,
        store: Store,
        clock: SimulatedClock,
        new_id: Callable[[], UUID],
        pace: Pace,
        settings: Any,
        *,
        service: str,
        schema: str,
        **_: Any,
    ) -> None:
        self.process = process
        self.settings = settings
        self.service = service
        self.clock = clock
        self.new_id = new_id
        self.pool = SimulatedPool(store, process)
        self.health = Health(clock)
        self.loops = PacedLoops(self.health, pace)
        self.outbox = Outbox(schema=schema)
        self.publisher = SimulatedPublisher(kafka, process, process.chance)
        self.failures = Failures(
            service=service,
            publisher=self.publisher,  # type: ignore[arg-type]
            clock=clock,
            limit=DeadLetterLimit(most=100, now=clock.now),
        )
        self.lifespan = None
        self._kafka = kafka
        self._consumers: list[Consumer] = []

    def has_role(self, _role: str) -> bool:
        """A process runs everything."""
        return True

    def on_start(self, _hook: Any) -> None:
        """There is nothing to open."""

    def on_stop(self, _hook: Any) -> None:
        """Processes of a simulation are never stopped, they die."""

    def rewind(self) -> None:
        """The simulated broker loses nothing."""

    def subscribe(
        self,
        topic: Any,
        *,
        purpose: str,
        title: str,
        messages: Any,
        handle: Any,
        records_max: int | None = None,
    ) -> None:
        """Consume a topic under the production retry policy."""

        async def handled(records: Sequence[Any]) -> None:
            await self.failures.run(records, messages, handle)

        self._consumers.append(
            Consumer(
                self._kafka,
                self.process,
                name=f"{self.service}.{purpose}",
                topic=topic.name,
                most=records_max or 500,
                handle=handled,
            )
        )

    def start(self) -> None:
        """Begin to consume and to work."""
        self.loops.every(RELAY_S, "outbox", self._relay, wait=self.outbox.wait)
        self.loops.start()
        self.tasks = [asyncio.create_task(one.run()) for one in self._consumers]

    async def _relay(self) -> None:
        await self.outbox.relay(self.pool, self.publisher)  # type: ignore[arg-type]


class _NoCredentials:
    """A credential store in which everything is there."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.store = self

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def get(self, credential_id: UUID) -> UUID:
        """Something that is not None."""
        return credential_id

    async def put(self, _credential: Any) -> None:
        """Whether there is access is told by the providers themselves."""

    async def delete(self, _credential_id: UUID) -> None:
        """See `put`."""

    sealer = None


class _NoContinuity:
    """A broker that loses nothing."""

    def __init__(self, **_: Any) -> None:
        pass

    async def lost(self, _pool: Any) -> bool:
        """Never."""
        return False


def _behind_the_pages(_runtime: Any, _settings: Any, parts: Parts) -> Parts:
    """The parts alone: the simulated user has no browser."""
    return parts


class RunningService:
    """One process with its application, which of settings-api are the parts behind its pages."""

    def __init__(self, runtime: SimulatedRuntime, app: Any) -> None:
        self.runtime = runtime
        self.process = runtime.process
        self._app = app
        self._begun: set[asyncio.Task[Any]] = set()

    @property
    def parts(self) -> Parts:
        """What endpoints of settings-api may use."""
        parts: Parts = self._app
        return parts

    def begin(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Begin what goes on to its end, or the process's, even if nobody waits for it any more."""
        begun = asyncio.create_task(work)
        self._begun.add(begun)
        begun.add_done_callback(self._begun.discard)
        return begun

    async def post(self, path: str, headers: dict[str, str], body: bytes = b"") -> int:
        """Send a request as a provider would; gives the status."""
        status, _ = await self.ask("POST", path, headers, body=body)
        return status

    async def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        query: str = "",
        body: bytes = b"",
    ) -> tuple[int, bytes]:
        """Send a request; gives the status and the body of its answer."""
        status, answer = 0, b""

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status, answer
            status = message.get("status", status)
            answer += message.get("body", b"")

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        await self._app(scope, receive, send)
        return status, answer


def start(
    service: str,
    process: Process,
    *,
    kafka: Kafka,
    store: Store,
    clock: SimulatedClock,
    new_id: Callable[[], UUID],
    pace: Pace,
    **providers: Any,
) -> RunningService:
    """Build a service by its own composition root and let it run."""
    made: list[SimulatedRuntime] = []

    def runtime(settings: Any, **names: Any) -> SimulatedRuntime:
        names.pop("clock", None)
        made.append(SimulatedRuntime(process, kafka, store, clock, new_id, pace, settings, **names))
        return made[-1]

    module = _APPS[service]
    intervals = {
        "POLL_S": POLL_S,
        "RESEND_EVERY_S": POLL_S,
        "PROBE_S": 2 * POLL_S,
        "TIDY_S": RARELY_S,
        "TIDY_EVERY_S": RARELY_S,
        "BROKER_CHECK_S": RARELY_S,
        "BROKER_CHECK_EVERY_S": RARELY_S,
        "CONTINUITY_EVERY_S": RARELY_S,
        "RELEASE_EVERY_S": RARELY_S,
        "FORGET_EVERY_S": RARELY_S,
    }
    http = SimpleNamespace(AsyncClient=lambda **_: SimpleNamespace(aclose=None))
    parts = {
        "Runtime": runtime,
        "Continuity": _NoContinuity,
        "Credentials": _NoCredentials,
        "_web": _behind_the_pages,
    }
    with ExitStack() as replaced:
        for name, part in (parts | {"httpx": http} | intervals).items():
            if hasattr(module, name):
                replaced.enter_context(patch.object(module, name, part))
        app = module.create_app(SETTINGS[service], **providers)
    made[0].start()
    return RunningService(made[0], app)
