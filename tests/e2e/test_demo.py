"""`make demo` as a person runs it: ready, described, tried by `make smoke`, stopped by Ctrl-C."""

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from tests.e2e.waiting import eventually

from tandem_embedded.addresses import Ports, variable_of
from tandem_embedded.processes import port_answers


@pytest.fixture
def demo(scratch):
    """A folder of its own, and free ports."""
    folder = scratch / f"demo-{uuid4().hex[:8]}"
    folder.mkdir()
    ports = Ports.free()
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL"}
    }
    environment |= {variable_of(name): str(port) for name, port in asdict(ports).items()}
    return folder, ports, environment


def _run(
    folder: Path, environment: dict[str, str], command: str, output
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tandem_embedded", command],
        cwd=folder,
        env=environment,
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def _printed(folder: Path, name: str) -> str:
    """The address that the demo printed behind a name."""
    lines = (folder / "demo.log").read_text().splitlines()
    return next(line.split()[len(name.split())] for line in lines if line.startswith(name))


def _answers_with(address: str, *words: str) -> None:
    page = httpx.get(address, headers={"accept": "text/html"}, timeout=30)
    assert page.is_success, page.text
    assert not [word for word in words if word not in page.text]


def test_the_demo_runs_is_tried_keeps_its_data_and_stops_everything(demo):
    folder, ports, environment = demo
    description = folder / ".run" / "demo.json"
    for _ in range(2):  # the second start finds the user of the first one
        with (folder / "demo.log").open("wb") as output:
            running = _run(folder, environment, "demo", output)
            try:
                eventually(
                    lambda: "Ready" in (folder / "demo.log").read_text(),
                    seconds=120,
                    what="the demo is ready",
                )
                known = json.loads(description.read_text())
                _answers_with(_printed(folder, "Try it"), "Pipedrive", "Google", "Exchange")
                _answers_with(_printed(folder, "Settings"), "Tandem")
                smoke = _run(folder, environment, "smoke", subprocess.PIPE)
                told, _ = smoke.communicate(timeout=60)
                assert smoke.returncode == 0, told
                assert b"Google" in told
            finally:
                running.send_signal(signal.SIGINT)
                running.wait(60)
        assert running.returncode == 0
        assert not [port for port in asdict(ports).values() if port_answers(port)]
    assert json.loads(description.read_text()) == known
    assert set(known["urls"]) == {
        "settings_api",
        "crm_ingest",
        "calendar_ingest",
        "reconciler",
        "sandbox",
        "kafka",
        "postgres",
    }
    connected = {one["provider"]: one for one in known["connections"]}
    assert {"google", "microsoft", "exchange"} <= set(connected)
    assert connected["google"]["token"]
    assert connected["microsoft"]["token"]
    assert connected["exchange"]["password"]


def test_a_taken_port_is_named_with_its_variable(demo):
    folder, ports, environment = demo
    with (folder / "demo.log").open("wb") as output, socket.socket() as taken:
        taken.bind(("127.0.0.1", ports.sandbox))
        taken.listen()
        running = _run(folder, environment, "demo", output)
        assert running.wait(60) == 1
    told = (folder / "demo.log").read_text()
    assert f"port {ports.sandbox} is taken; set SANDBOX_PORT" in told
