"""The vendors' own JavaScript clients against the sandbox, over TLS and with nothing patched.

What they do is in `google.mjs` and `microsoft.mjs`; each script has a sandbox of its own.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.certificates import issue
from tests.contract.google.servers import Stage, serving
from tests.contract.npm.installed import NODE, needs_npm_clients, staged

from tandem_sandbox.settings import SandboxSettings
from tandem_sandbox.world import World

SCRIPT_S_MAX = 60
GOOGLE = "sales1@north.example"
MICROSOFT = "sales1.north@outlook.com"

pytestmark = needs_npm_clients


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts, where they find the clients."""
    return staged(tmp_path_factory.mktemp("npm"))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of the stage; its key lies beside it."""
    made = tmp_path_factory.mktemp("tls") / "certificate.pem"
    issue(made, made.with_name("key.pem"))
    return made


@pytest.fixture(scope="module")
def stage(certificate: Path) -> Iterator[tuple[Stage, str]]:
    """One server for all scripts, and its address."""
    one = Stage()
    with serving(one, certificate=certificate, key=certificate.with_name("key.pem")) as url:
        yield one, url


def _run(folder: Path, stage: tuple[Stage, str], certificate: Path, file: str, script: str) -> None:
    server, url = stage
    world = World(SandboxSettings(public_url=url))
    mailboxes = {
        "google.mjs": lambda: world.google.mailboxes[GOOGLE].token,
        "microsoft.mjs": lambda: world.microsoft.mailboxes[MICROSOFT].token,
    }
    with server.showing(world):
        done = subprocess.run(
            [NODE, file, script],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "NODE_EXTRA_CA_CERTS": str(certificate),
                "SANDBOX": url,
                "TOKEN": mailboxes[file](),
            },
            capture_output=True,
            text=True,
            timeout=SCRIPT_S_MAX,
            check=False,
        )
    assert done.returncode == 0, done.stderr or done.stdout


@pytest.mark.parametrize(
    "script",
    [
        "create, read and list",
        "sync in pages",
        "a series with an exception",
        "refusals",
        "throttling",
        "a channel",
    ],
)
def test_googles_client(folder, stage, certificate, script: str):
    _run(folder, stage, certificate, "google.mjs", script)


@pytest.mark.parametrize(
    "script",
    [
        "create, read and list",
        "delta in pages",
        "a series with an exception",
        "refusals",
        "throttling",
        "a batch",
        "a subscription",
    ],
)
def test_microsofts_client(folder, stage, certificate, script: str):
    _run(folder, stage, certificate, "microsoft.mjs", script)
