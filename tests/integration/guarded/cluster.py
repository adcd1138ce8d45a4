"""A broker that lets its users do what the deployed rules allow, and nothing else."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from confluent_kafka import admin as confluent
from tests.integration.guarded.authority import issue
from tools.generate_kafka_resources import user_resources

from tandem_embedded.apache_kafka import ApacheKafka, GuardedListener
from tandem_embedded.processes import free_port

KAFKA: Any = confluent
PATTERNS = {"literal": "LITERAL", "prefix": "PREFIXED"}
USERS = {user["metadata"]["name"]: user for user in user_resources()}


@dataclass
class GuardedCluster:
    """The broker, and the settings of whoever comes as one of its users."""

    server: ApacheKafka
    listener: GuardedListener
    ca_file: Path

    @classmethod
    def made(cls, folder: Path) -> "GuardedCluster":
        """One that is not started yet."""
        ca_file, certificate = issue(folder)
        listener = GuardedListener(
            port=free_port(),
            users={name: f"password-of-{name}" for name in USERS},
            certificate=certificate,
        )
        server = ApacheKafka(
            data=folder / "kafka",
            log=folder / "kafka.log",
            port=free_port(),
            controller_port=free_port(),
            guarded=listener,
        )
        return cls(server, listener, ca_file)

    @cached_property
    def admin(self) -> Any:
        """A client of the plain listener, which may do everything."""
        return KAFKA.AdminClient({"bootstrap.servers": self.server.bootstrap_servers})

    def start(self) -> None:
        """Start the broker and tell it the rules."""
        self.server.start()
        bindings = [
            binding for name, user in USERS.items() for binding in _bindings(name, user["spec"])
        ]
        for told in self.admin.create_acls(bindings).values():
            told.result(20)

    def settings(self, user: str) -> dict[str, str]:
        """Environment variables of a process that comes as `user`."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.listener.bootstrap_servers,
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_USERNAME": user,
            "KAFKA_PASSWORD": self.listener.users[user],
            "KAFKA_CA_FILE": str(self.ca_file),
        }


def _bindings(user: str, spec: dict[str, Any]) -> list[Any]:
    return [
        KAFKA.AclBinding(
            KAFKA.ResourceType[rule["resource"]["type"].upper()],
            rule["resource"]["name"],
            KAFKA.ResourcePatternType[PATTERNS[rule["resource"]["patternType"]]],
            f"User:{user}",
            "*",
            KAFKA.AclOperation[operation.upper()],
            KAFKA.AclPermissionType.ALLOW,
        )
        for rule in spec["authorization"]["acls"]
        for operation in rule["operations"]
    ]
