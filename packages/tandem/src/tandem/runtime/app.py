"""What a service is made of: the parts that all four share, started and stopped in order.

Stopping loses nothing: consuming stops first, what was taken is finished, the outbox is relayed,
and only then do the producer and the pool close.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import uvicorn
from faststream.kafka import KafkaBroker
from pydantic import BaseModel, TypeAdapter

from tandem.contracts.topics import Topic
from tandem.runtime import metrics
from tandem.runtime.clock import Clock, SystemClock
from tandem.runtime.failures import DeadLetterLimit
from tandem.runtime.health import Health
from tandem.runtime.kafka import broker_security, client_security
from tandem.runtime.logs import LOG, configure_logs
from tandem.runtime.loops import Loops
from tandem.runtime.outbox import Outbox
from tandem.runtime.postgres import Pool, migrate, open_pool
from tandem.runtime.publisher import Publisher
from tandem.runtime.settings import RuntimeSettings
from tandem.runtime.subscriptions import Failures, Handle, subscribe
from tandem.runtime.telemetry import configure_tracing

MessageT = TypeVar("MessageT", bound=BaseModel)
Hook = Callable[[], Awaitable[None]]
RELAY_EVERY_S = 1.0
GRACEFUL_S = 20.0
START_TRIES = 30
REWIND_AGAIN = timedelta(minutes=5)
"""So long after a loss, what a consumer had committed before may still be where it goes on."""


class Runtime:
    """Broker, database, loops and health of one service process.

    `service` is the name with a dash (`crm-ingest`); `schema` its PostgreSQL schema; `package`
    where its migrations lie. Hooks added by `on_start` run once pool and publisher are open,
    before anything is consumed; those of `on_stop` run after consuming has stopped.
    """

    def __init__(
        self,
        settings: RuntimeSettings,
        *,
        service: str,
        schema: str,
        package: str,
        clock: Clock | None = None,
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self.settings = settings
        self.service = service
        self.schema = schema
        self.package = package
        self.clock: Clock = clock or SystemClock()
        self.new_id = new_id
        self.health = Health(self.clock)
        self.loops = Loops(self.health)
        self.outbox = Outbox(schema=schema)
        self.publisher = Publisher(
            settings.kafka_bootstrap_servers,
            client_id=service,
            namespace=settings.kafka_namespace,
            security=client_security(settings),
        )
        self.broker = KafkaBroker(
            settings.kafka_bootstrap_servers,
            security=broker_security(settings),
            client_id=service,
            apply_types=False,
            allow_auto_create_topics=False,
            graceful_timeout=GRACEFUL_S,
            logger=None,
        )
        self.failures = Failures(
            service=service,
            publisher=self.publisher,
            clock=self.clock,
            limit=DeadLetterLimit(most=settings.dead_letters_max, now=self.clock.now),
        )
        self._rewinding: set[str] = set()
        self._rewound_at: datetime | None = None
        self.publisher.on_loss.append(self.rewind)
        self._pool: Pool | None = None
        self._on_start: list[Hook] = []
        self._on_stop: list[Hook] = []

    @property
    def pool(self) -> Pool:
        """The open pool; only there while the service runs."""
        if self._pool is None:
            raise RuntimeError("the service has not been started")
        return self._pool

    def has_role(self, role: str) -> bool:
        """Whether this process runs `role` (`web`, `reader`, `writer`, `sweeper`)."""
        return role in self.settings.roles

    def on_start(self, hook: Hook) -> None:
        """Add a hook, see the class."""
        self._on_start.append(hook)

    def on_stop(self, hook: Hook) -> None:
        """Add a hook, see the class."""
        self._on_stop.append(hook)

    def subscribe(
        self,
        topic: Topic,
        *,
        purpose: str,
        title: str,
        messages: TypeAdapter[MessageT],
        handle: Handle[MessageT],
        records_max: int | None = None,
    ) -> None:
        """Consume `topic` in the group `<service>.<purpose>`."""
        name = self.settings.kafka_namespace + topic.name
        subscribe(
            self.broker,
            self.failures,
            topic=name,
            group=f"{self.settings.kafka_namespace}{self.service}.{purpose}",
            title=title,
            messages=messages,
            handle=handle,
            records_max=records_max or self.settings.consume_records_max,
            on_assigned=lambda: self._assigned(_consuming(name)),
        )

    def rewind(self) -> None:
        """Have every topic consumed again from its start, since the broker has lost messages.

        A consumer goes on where it was. What was published anew before that place it would skip,
        also where it has told that place to the broker and is given its partitions once more.
        """
        self._rewound_at = self.clock.now()
        self._rewinding = {name for name, _ in self._consumers()}

    def _assigned(self, name: str) -> None:
        """A consumer was given partitions: it is told to start where it has told that it was."""
        if self._rewound_at and self.clock.now() - self._rewound_at < REWIND_AGAIN:
            self._rewinding.add(name)

    async def start(self) -> None:
        """Start everything, in order."""
        self._pool = await self._patiently("postgresql", self._open_database)
        await self._patiently("kafka", self.publisher.start)
        for hook in self._on_start:
            await hook()
        await self._patiently("kafka", self.broker.start)
        self._watch_consumers()
        self.loops.every(RELAY_EVERY_S, "outbox", self._relay, wait=self.outbox.wait)
        self.loops.start()
        self.health.check("postgresql", self._database_answers)
        self.health.check("dead_letters", self._not_halted)
        self.health.check("kafka", lambda: self.broker.ping(timeout=3.0))
        self.health.started = True
        LOG.info("started", roles=sorted(self.settings.roles))

    async def stop(self) -> None:
        """Stop everything, in order; what was taken from Kafka is finished first."""
        self.health.started = False
        await self.broker.stop()
        await self.loops.stop()
        for hook in self._on_stop:
            await hook()
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._relay(), GRACEFUL_S)
            except Exception as error:  # noqa: BLE001 - the rows stay for the next start
                LOG.warning("outbox_left", error=type(error).__name__)
        await self.publisher.stop()
        if self._pool is not None:
            await self._pool.close()
        LOG.info("stopped")

    @asynccontextmanager
    async def lifespan(self, _app: Any) -> AsyncIterator[None]:
        """Lifespan of the ASGI application."""
        tracing = configure_tracing(
            service=self.service,
            otlp_endpoint=self.settings.otel_exporter_otlp_endpoint,
            sample_ratio=self.settings.trace_sample_ratio,
        )
        await self.start()
        try:
            yield
        finally:
            await self.stop()
            await asyncio.to_thread(tracing.shutdown)

    async def _open_database(self) -> Pool:
        url = self.settings.database_url.get_secret_value()
        await migrate(url, schema=self.schema, package=self.package)
        return await open_pool(url, connections_max=self.settings.database_connections_max)

    async def _patiently(self, what: str, start: Callable[[], Awaitable[Any]]) -> Any:
        """The broker or the database may come up after us; wait for them, within bounds."""
        for attempt in range(1, START_TRIES + 1):
            try:
                return await start()
            except Exception as error:
                if attempt == START_TRIES:
                    raise
                LOG.warning("waiting_for", what=what, error=type(error).__name__, attempt=attempt)
                await self.clock.sleep(1.0)
        raise AssertionError("unreachable")

    def _consumers(self) -> Iterator[tuple[str, Any]]:
        """The consumers that there are, each with a name for its topics."""
        for subscriber in self.broker.subscribers:
            consumer = getattr(subscriber, "consumer", None)
            if consumer is not None:
                yield _consuming(*consumer.subscription()), consumer

    def _watch_consumers(self) -> None:
        """Every poll that Kafka answers is a heartbeat; the framework itself offers none."""
        for name, consumer in self._consumers():
            self.health.beat(name)
            consumer.getmany = self._beating(name, consumer, consumer.getmany)

    def _beating(self, name: str, consumer: Any, poll: Callable[..., Awaitable[Any]]) -> Any:
        async def beat_and_poll(*args: Any, **kwargs: Any) -> Any:
            if name in self._rewinding and consumer.assignment():
                self._rewinding.discard(name)
                await consumer.seek_to_beginning()
                LOG.warning("consumer_rewound", name=name)
            records = await poll(*args, **kwargs)
            self.health.beat(name)
            return records

        return beat_and_poll

    async def _relay(self) -> None:
        idle = self.pool.get_idle_size()
        metrics.POOL.labels("idle").set(idle)
        metrics.POOL.labels("used").set(self.pool.get_size() - idle)
        metrics.POOL.labels("most").set(self.pool.get_max_size())
        await self.outbox.relay(self.pool, self.publisher)

    async def _database_answers(self) -> bool:
        return bool(await self.pool.fetchval("SELECT true", timeout=3))

    async def _not_halted(self) -> bool:
        return not self.failures.halted


def _consuming(*topics: str) -> str:
    """The name of a consumer, after its topics."""
    return "consume:" + ",".join(sorted(topics))


def serve(app: Any, settings: RuntimeSettings, *, service: str) -> None:
    """Run a service until SIGTERM or SIGINT."""
    configure_logs(service=service, level=settings.log_level)
    uvicorn.run(
        app,
        host=settings.http_host,
        port=settings.http_port,
        forwarded_allow_ips=settings.forwarded_allow_ips,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=int(GRACEFUL_S),
        server_header=False,
        h11_max_incomplete_event_size=32_768,
    )
