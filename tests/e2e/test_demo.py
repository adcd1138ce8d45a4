"""`make demo` as a person runs it: ready, described, tried by `make smoke`, stopped by Ctrl-C."""

import json
import socket
import subprocess
from dataclasses import asdict
from pathlib import Path

import httpx
import pytest
from tests.e2e.demo_place import DemoPlace

from tandem_embedded.processes import port_answers


@pytest.fixture
def place(scratch: Path) -> DemoPlace:
    """A folder of its own, and free ports."""
    return DemoPlace.below(scratch)


def _answers_with(address: str, *words: str) -> None:
    page = httpx.get(address, headers={"accept": "text/html"}, timeout=30)
    assert page.is_success, page.text
    assert not [word for word in words if word not in page.text]


def test_the_demo_runs_is_tried_keeps_its_data_and_stops_everything(place: DemoPlace):
    description = place.folder / ".run" / "demo.json"
    for _ in range(2):  # the second start finds the user of the first one
        with place.running():
            known = json.loads(description.read_text())
            _answers_with(place.printed("Try it")[0], "Pipedrive", "Google", "Exchange")
            _answers_with(place.printed("Settings")[0], "Tandem")
            smoke = place.run("smoke", subprocess.PIPE)
            told, _ = smoke.communicate(timeout=60)
            assert smoke.returncode == 0, told
            assert b"Google" in told
        assert not [port for port in asdict(place.ports).values() if port_answers(port)]
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


def test_a_taken_port_is_named_with_its_variable(place: DemoPlace):
    with place.log.open("wb") as output, socket.socket() as taken:
        taken.bind(("127.0.0.1", place.ports.sandbox))
        taken.listen()
        running = place.run("demo", output)
        assert running.wait(60) == 1
    assert f"port {place.ports.sandbox} is taken; set SANDBOX_PORT" in place.log.read_text()
