"""The command that tells a service of a restore names what it can do, and needs its database."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("arguments", [[], ["credentials"], ["reconciler", "crm-ingest"]])
def test_anything_but_one_service_ends_with_the_names_of_all(arguments):
    ended = _run(arguments)
    assert ended.returncode == 78
    assert ended.stderr == "name one of: crm-ingest, calendar-ingest, reconciler, settings-api\n"


def test_a_missing_database_is_named():
    ended = _run(["reconciler"])
    assert ended.returncode == 78
    assert "DATABASE_URL" in ended.stderr


def _run(arguments):
    return subprocess.run(
        [sys.executable, "-m", "tandem.runtime.restored", *arguments],
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
