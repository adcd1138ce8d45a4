"""Apache Kafka: one KRaft node on this machine, broker and controller in one."""

import base64
import shutil
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tandem_embedded.kafka_jars import kafka_jars
from tandem_embedded.maven import java
from tandem_embedded.processes import Child, port_answers

_HEAP: Final = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_LOG4J: Final = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c{1} %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
"""


@dataclass(frozen=True)
class GuardedListener:
    """A second listener: TLS and SCRAM-SHA-512, and its users may do only what a rule allows.

    `users` are names with their passwords; `certificate` is a PEM file with key and chain.
    """

    port: int
    users: Mapping[str, str]
    certificate: Path

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect."""
        return f"127.0.0.1:{self.port}"

    @property
    def credentials(self) -> list[str]:
        """What a data folder is made with, so that the users are there from the start."""
        return [
            f"--add-scram=SCRAM-SHA-512=[name={name},password={password}]"
            for name, password in self.users.items()
        ]

    @property
    def properties(self) -> dict[str, str]:
        """What the broker is told besides."""
        login = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        return {
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.guarded.scram-sha-512.sasl.jaas.config": login,
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.certificate),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }


class ApacheKafka:
    """One broker, its data in a folder. Its plain listener is there with a guarded one, too."""

    def __init__(
        self,
        *,
        data: Path,
        log: Path,
        port: int,
        controller_port: int,
        guarded: GuardedListener | None = None,
    ) -> None:
        self._data = data
        self._guarded = guarded
        self.port = port
        self._controller_port = controller_port
        self.child = Child("Kafka", self._command("kafka.Kafka", self._config), log=log)

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Format the data folder where it is new, and start."""
        self._data.mkdir(parents=True, exist_ok=True)
        self._config.write_text(self._properties(), "utf-8")
        self._log4j.write_text(_LOG4J, "utf-8")
        if not (self._data / "log" / "meta.properties").exists():
            self._format()
        self.child.start()
        self.child.wait_until(lambda: port_answers(self.port), seconds=60)

    def stop(self) -> None:
        """Stop cleanly."""
        self.child.stop()

    def forget(self) -> None:
        """Delete the data."""
        shutil.rmtree(self._data, ignore_errors=True)

    @property
    def _config(self) -> Path:
        return self._data / "server.properties"

    @property
    def _log4j(self) -> Path:
        return self._data / "log4j2.properties"

    def _format(self) -> None:
        # An id may begin with a dash, which a separate argument may not.
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = self._command("kafka.tools.StorageTool")
        result = subprocess.run(
            [
                *(*command, "format", f"--cluster-id={cluster_id}", "-c", str(self._config), "-g"),
                *(self._guarded.credentials if self._guarded else ()),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            raise RuntimeError(f"Kafka's data folder could not be made:\n{result.stderr[-2000:]}")

    def _command(self, main: str, *arguments: Path) -> list[str]:
        return [
            java() or "java",
            *_HEAP,
            "-Djava.awt.headless=true",
            f"-Dlog4j2.configurationFile={self._log4j}",
            f"-Dkafka.logs.dir={self._data}",
            "-cp",
            f"{kafka_jars()}/*",
            main,
            *map(str, arguments),
        ]

    def _properties(self) -> str:
        addresses = [f"PLAINTEXT://{self.bootstrap_servers}"]
        protocols = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"
        if self._guarded is not None:
            addresses.append(f"GUARDED://{self._guarded.bootstrap_servers}")
            protocols += ",GUARDED:SASL_SSL"
        controller = f"CONTROLLER://127.0.0.1:{self._controller_port}"
        values = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
            "listeners": ",".join([*addresses, controller]),
            "advertised.listeners": ",".join(addresses),
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": protocols,
            "log.dirs": str(self._data / "log"),
            "auto.create.topics.enable": "false",
            "group.initial.rebalance.delay.ms": "0",
            # The default of 128 MiB would be half of the heap.
            "log.cleaner.dedupe.buffer.size": "4194304",
            **dict.fromkeys(
                (
                    "offsets.topic.replication.factor",
                    "transaction.state.log.replication.factor",
                    "transaction.state.log.min.isr",
                    "share.coordinator.state.topic.replication.factor",
                    "share.coordinator.state.topic.min.isr",
                ),
                "1",
            ),
            **dict.fromkeys(
                (
                    "offsets.topic.num.partitions",
                    "transaction.state.log.num.partitions",
                    "share.coordinator.state.topic.num.partitions",
                ),
                "4",
            ),
            **(self._guarded.properties if self._guarded else {}),
        }
        return "".join(f"{name}={value}\n" for name, value in values.items())
