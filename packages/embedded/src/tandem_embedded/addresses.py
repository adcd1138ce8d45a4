"""Ports of a stack on this machine, each with the environment variable that changes it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from tandem_embedded.processes import free_port, port_answers

HOST: Final = "127.0.0.1"


class PortTakenError(RuntimeError):
    """Something else listens on a port that we need."""


@dataclass(frozen=True)
class Ports:
    """One port a process; the variable of `kafka` is `KAFKA_PORT`, and so on."""

    settings_api: int = 8080
    crm_ingest: int = 8081
    calendar_ingest: int = 8082
    reconciler: int = 8083
    sandbox: int = 8090
    kafka: int = 19092
    kafka_controller: int = 19093
    postgres: int = 15432
    traces: int = 9411
    traces_intake: int = 4318

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Ports":
        """The fixed ports, as far as no variable says otherwise."""
        chosen = {}
        for field in fields(cls):
            text = environment.get(variable_of(field.name))
            if text:
                if not text.isdecimal() or not 0 < int(text) < 65_536:  # noqa: PLR2004
                    raise ValueError(f"{variable_of(field.name)}: must be a port, 1 to 65535")
                chosen[field.name] = int(text)
        return cls(**chosen)

    @classmethod
    def free(cls) -> "Ports":
        """Ports that nobody listens on, for tests."""
        names = [field.name for field in fields(cls)]
        while len(ports := {free_port() for _ in names}) < len(names):
            continue
        return cls(**dict(zip(names, ports, strict=True)))

    def check_free(self, names: frozenset[str]) -> None:
        """Raise PortTakenError, naming the variable, where one of `names` is taken."""
        for name in sorted(names):
            port = getattr(self, name)
            if port_answers(port):
                raise PortTakenError(
                    f"port {port} is taken; set {variable_of(name)} to another one"
                )

    def url(self, name: str) -> str:
        """HTTP address of a process."""
        return f"http://{HOST}:{getattr(self, name)}"


def variable_of(name: str) -> str:
    """Environment variable that changes a port."""
    return f"{name.upper()}_PORT"
