"""A backup of a stack's database, and the way back to it that docs/operations.md tells."""

import subprocess
import sys
from pathlib import Path

import psycopg

from tandem_embedded.postgres import Postgres
from tandem_embedded.stack import SERVICES, Stack

_SCHEMAS = "crm, calendar, sync, settings, credentials"


class Backup:
    """Taken when it is made, of a stack whose services may run."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        assert stack.postgres is not None
        self._stack = stack
        self._postgres: Postgres = stack.postgres
        self._file = folder / "tandem.dump"
        self._run(self._postgres.program("pg_dump"), "--format=custom", f"--file={self._file}")

    def put_back(self) -> None:
        """Put the database back; no service runs."""
        with psycopg.connect(self._stack.database_url, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA {_SCHEMAS} CASCADE")
        self._run(self._postgres.program("pg_restore"), "--exit-on-error", str(self._file))

    def tell_services(self) -> None:
        """Let each service know, before it starts."""
        for service in SERVICES:
            subprocess.run(
                [sys.executable, "-m", "tandem.runtime.restored", service.replace("_", "-")],
                env={"DATABASE_URL": self._stack.database_url},
                check=True,
            )

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([program, f"--dbname={self._stack.database_url}", *arguments], check=True)


def stop_services(stack: Stack) -> None:
    """Stop all services; providers, broker and database go on."""
    for service in SERVICES:
        stack.child(service).stop()


def start_services(stack: Stack) -> None:
    """Start all services, and return once they are ready."""
    for service in SERVICES:
        stack.child(service).start()
    for service in SERVICES:
        stack.wait_ready(service)
