"""The whole of Tandem on this machine: broker, database, sandbox and the four services.

A broker or a database that is given is used instead of an embedded one.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import httpx

from tandem.contracts.topics import TOPICS
from tandem.runtime.topics import declare
from tandem_embedded.addresses import Ports
from tandem_embedded.apache_kafka import ApacheKafka
from tandem_embedded.environment import service_environment, stack_secrets
from tandem_embedded.kafka_jars import kafka_can_run
from tandem_embedded.mock_kafka import MockKafka
from tandem_embedded.postgres import Postgres
from tandem_embedded.processes import Child, free_port
from tandem_embedded.trace_store import TraceStore

SERVICES: Final = ("crm_ingest", "calendar_ingest", "reconciler", "settings_api")
READY_S: Final = 90.0
PARTITIONS_MAX: Final = 12

Progress = Callable[[str], None]


@dataclass(frozen=True)
class StackOptions:
    """How a stack is made. `kafka` and `database_url` name given servers; None embeds one.

    `traces`: with a store that shows them.
    """

    folder: Path
    ports: Ports
    kafka: str | None = None
    database_url: str | None = None
    in_memory_kafka: bool = False
    durable: bool = True
    traces: bool = False
    partitions: int = PARTITIONS_MAX
    overrides: Mapping[str, str] = field(default_factory=dict)


class Stack:
    """Starts and stops the processes; each can be ended and started by itself."""

    def __init__(self, options: StackOptions) -> None:
        self.options = options
        self.ports = options.ports
        self.kafka = self._embedded_kafka()
        self.postgres = self._embedded_postgres()
        self.traces = self._trace_store()
        self.children = {"sandbox": self._sandbox()} | {
            service: self._service(service, ports=self.ports, name=service) for service in SERVICES
        }
        self._addresses: dict[str, str] = {}

    @property
    def kafka_address(self) -> str:
        """Where the broker is."""
        return self.options.kafka or (self.kafka.bootstrap_servers if self.kafka else "")

    @property
    def database_url(self) -> str:
        """Where the database is."""
        return self.options.database_url or (self.postgres.url if self.postgres else "")

    @property
    def urls(self) -> dict[str, str]:
        """Address of every part."""
        parts = ("settings_api", "crm_ingest", "calendar_ingest", "reconciler", "sandbox")
        return {part: self.ports.url(part) for part in parts} | {
            "kafka": self.kafka_address,
            "postgres": self.database_url,
            **({"traces": self.traces.url} if self.traces else {}),
        }

    def check_ports(self) -> None:
        """Raise PortTakenError where a port that is needed is taken."""
        needed = {"sandbox", *SERVICES}
        if self.kafka is not None:
            needed |= {"kafka"}
        if isinstance(self.kafka, ApacheKafka):
            needed |= {"kafka_controller"}
        if self.postgres is not None:
            needed |= {"postgres"}
        if self.traces is not None:
            needed |= {"traces", "traces_intake"}
        self.ports.check_free(frozenset(needed))

    def start(self, progress: Progress = lambda _: None) -> None:
        """Start everything and return once each part says that it is ready."""
        self.start_servers(progress)
        for child in self.children.values():
            child.start()
        for name in self.children:
            self.wait_ready(name)
            progress(f"{name.replace('_', '-'):<16}{self.ports.url(name)}")

    def start_servers(self, progress: Progress = lambda _: None) -> None:
        """Start the database and the broker only, and declare the topics."""
        self.check_ports()
        if self.postgres is not None:
            self.postgres.start()
        progress(f"PostgreSQL  {_without_password(self.database_url)}")
        if self.kafka is not None:
            self.kafka.start()
        if not isinstance(self.kafka, MockKafka):
            self._declare_topics()
        progress(f"Kafka       {self.kafka_address}")
        if self.traces is not None:
            self.traces.start()
            progress(f"Traces      {self.traces.url}/zipkin/")

    def stop(self) -> None:
        """Stop everything; the data stay."""
        # The sandbox came first, and goes last.
        for child in reversed(self.children.values()):
            child.stop()
        if self.kafka is not None:
            self.kafka.stop()
        if self.postgres is not None:
            self.postgres.stop()
        if self.traces is not None:
            self.traces.stop()

    def restart(self, name: str) -> None:
        """Start a part again that was stopped or killed, and wait until it is ready."""
        if name == "kafka" and self.kafka is not None:
            self.kafka.start()
        elif name == "postgres" and self.postgres is not None:
            self.postgres.start()
        else:
            self.children[name].start()
            self.wait_ready(name)

    def child(self, name: str) -> Child:
        """The process of a part."""
        if name == "kafka" and self.kafka is not None:
            return self.kafka.child
        if name == "postgres" and self.postgres is not None:
            return self.postgres.child
        return self.children[name]

    def add_copy(self, service: str, *, roles: str) -> str:
        """Add one more process of a service with some of its roles; its name, to start it by."""
        ports = replace(self.ports, **{service: free_port()})
        name = f"{service}_{1 + sum(child.startswith(service) for child in self.children)}"
        self.children[name] = self._service(service, ports=ports, name=name, ROLES=roles)
        self._addresses[name] = ports.url(service)
        return name

    def wait_ready(self, name: str) -> None:
        """Return once a process says that it is ready."""
        path = "/_control/accounts" if name == "sandbox" else "/readyz"
        address = self._addresses.get(name) or self.ports.url(name)
        self.children[name].wait_until(lambda: _answers(address + path), seconds=READY_S)

    def forget(self) -> None:
        """Delete the data of the embedded servers and of the sandbox."""
        if self.kafka is not None:
            self.kafka.forget()
        if self.postgres is not None:
            self.postgres.forget()
        self._sandbox_data.unlink(missing_ok=True)

    @property
    def _sandbox_data(self) -> Path:
        return self.options.folder / "sandbox.json"

    def _log(self, name: str) -> Path:
        return self.options.folder / "logs" / f"{name}.log"

    def _embedded_kafka(self) -> ApacheKafka | MockKafka | None:
        if self.options.kafka is not None:
            return None
        if self.options.in_memory_kafka or not kafka_can_run():
            return MockKafka(
                log=self._log("kafka"),
                port=self.ports.kafka,
                partitions_max=self.options.partitions,
            )
        return ApacheKafka(
            data=self.options.folder / "kafka",
            log=self._log("kafka"),
            port=self.ports.kafka,
            controller_port=self.ports.kafka_controller,
        )

    def _embedded_postgres(self) -> Postgres | None:
        if self.options.database_url is not None:
            return None
        return Postgres(
            data=self.options.folder / "postgres",
            log=self._log("postgres"),
            port=self.ports.postgres,
            durable=self.options.durable,
        )

    def _trace_store(self) -> TraceStore | None:
        if not self.options.traces:
            return None
        return TraceStore(
            port=self.ports.traces,
            intake_port=self.ports.traces_intake,
            log=self._log("traces"),
        )

    def _sandbox(self) -> Child:
        command = [sys.executable, "-m", "tandem_sandbox", "--host", "127.0.0.1"]
        command += ["--port", str(self.ports.sandbox), "--public-url", self.ports.url("sandbox")]
        command += ["--data", str(self._sandbox_data)]
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return Child("sandbox", command, log=self._log("sandbox"), env=environment)

    def _service(self, service: str, *, ports: Ports, name: str, **overrides: str) -> Child:
        environment = service_environment(
            service,
            ports=ports,
            kafka=self.kafka_address,
            database_url=self.database_url,
            kept=stack_secrets(self.options.folder / "secrets.json"),
            overrides={**self._of_traces(), **self.options.overrides, **overrides},
        )
        name = name.replace("_", "-")
        return Child(name, [sys.executable, "-m", service], log=self._log(name), env=environment)

    def _of_traces(self) -> dict[str, str]:
        if self.traces is None:
            return {}
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.traces.intake_url,
            "TRACE_PAGE_URL": self.traces.page_url,
        }

    def _declare_topics(self) -> None:
        topics = [
            topic.model_copy(update={"partitions": min(topic.partitions, self.options.partitions)})
            for topic in TOPICS
        ]
        asyncio.run(declare(self.kafka_address, replication_factor=1, topics=topics))


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
