"""A place where `make demo` is run as a person runs it: a folder and ports of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Self
from uuid import uuid4

from tests.e2e.waiting import eventually

from tandem_embedded.addresses import Ports, variable_of

_GIVEN = ("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL")
READY_S = 120


@dataclass(frozen=True)
class DemoPlace:
    """Everything that a demo leaves lies in its folder."""

    folder: Path
    ports: Ports = field(default_factory=Ports.free)

    @classmethod
    def below(cls, scratch: Path) -> Self:
        """A new place in a folder."""
        folder = scratch / f"demo-{uuid4().hex[:8]}"
        folder.mkdir()
        return cls(folder)

    @property
    def log(self) -> Path:
        """What the demo prints."""
        return self.folder / "demo.log"

    @contextmanager
    def running(self) -> Iterator[None]:
        """A demo that is ready; it is stopped by Ctrl-C, and must end well."""
        with self.log.open("wb") as output:
            process = self.run("demo", output)
            try:
                eventually(lambda: self._ready_or_ended(process), seconds=READY_S, what="ready")
                assert "Ready" in self.log.read_text("utf-8"), self.log.read_text("utf-8")
                yield
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(60)
        assert process.returncode == 0

    def run(self, command: str, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a command of the demo."""
        environment = {name: value for name, value in os.environ.items() if name not in _GIVEN}
        environment |= {variable_of(name): str(port) for name, port in asdict(self.ports).items()}
        return subprocess.Popen(
            [sys.executable, "-m", "tandem_embedded", command],
            cwd=self.folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def printed(self, name: str) -> list[str]:
        """The words that the demo printed behind a name."""
        lines = self.log.read_text("utf-8").splitlines()
        return next(
            line.removeprefix(name).split() for line in lines if line.startswith(name + " ")
        )

    def _ready_or_ended(self, process: subprocess.Popen[bytes]) -> bool:
        return "Ready" in self.log.read_text("utf-8") or process.poll() is not None
