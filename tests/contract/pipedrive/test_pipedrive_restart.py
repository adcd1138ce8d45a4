"""The sandbox as a process of its own: stopped and started again on the same file."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from tests.contract.google.servers import Receiver, eventually, serving

from tandem_sandbox.accounts import static_token

TOKEN = {"x-api-token": static_token("pipedrive", "sales1@north.example")}
START_S_MAX = 60


@contextmanager
def _sandbox(data: Path) -> Iterator[tuple[httpx.Client, subprocess.Popen[bytes]]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tandem_sandbox", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:

        def answers() -> bool:
            assert process.poll() is None, "the sandbox did not start"
            try:
                return client.get("/_control/clock").is_success
            except httpx.TransportError:
                return False

        try:
            eventually(answers, START_S_MAX)
            yield client, process
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(START_S_MAX) in {0, -signal.SIGTERM}


def test_a_restart_loses_nothing_that_a_client_sees(tmp_path, monkeypatch):
    file = tmp_path / "sandbox.json"
    with _sandbox(file) as (client, _):
        path = "/pipedrive/api/v2/activities"
        fields = {"due_date": "2027-05-06", "attendees": [{"email": "guest@example.com"}]}
        made = client.post(path, json=fields, headers=TOKEN).json()["data"]
        gone = client.post(path, json={}, headers=TOKEN).json()["data"]
        client.delete(f"{path}/{gone['id']}", headers=TOKEN)
        page = client.get("/pipedrive/api/v2/persons?limit=2", headers=TOKEN).json()
        client.put("/_control/clock", json={"advance_seconds": 86400})
        client.put("/_control/pipedrive", json={"deleted_reads": "gone"})
    with _sandbox(file) as (client, _):
        one = client.get(f"{path}/{made['id']}?include_fields=attendees", headers=TOKEN)
        assert one.json()["data"] == made
        assert client.get(f"{path}/{gone['id']}", headers=TOKEN).status_code == 404
        assert client.post(path, json={}, headers=TOKEN).json()["data"]["id"] > gone["id"]
        cursor = page["additional_data"]["next_cursor"]
        rest = client.get(f"/pipedrive/api/v2/persons?cursor={cursor}", headers=TOKEN).json()
        assert [person["id"] for person in rest["data"]] == [3, 4]
        offset = client.get("/_control/clock").json()["offset_seconds"]
        assert abs(offset - 86400) < 1


def test_a_webhook_that_was_not_taken_before_a_restart_is_delivered_after_it(tmp_path):
    receiver = Receiver(statuses=[503])
    file = tmp_path / "sandbox.json"
    with serving(receiver.app()) as url:
        hook = {
            "subscription_url": f"{url}/push",
            "event_action": "*",
            "event_object": "activity",
            "name": "Test",
        }
        with _sandbox(file) as (client, _):
            client.post("/pipedrive/api/v1/webhooks", json=hook, headers=TOKEN)
            client.post("/pipedrive/api/v2/activities", json={"subject": "Once"}, headers=TOKEN)
            eventually(lambda: client.get("/_control/deliveries").json()["refused"] == 1)
        assert len(receiver.bodies) == 1
        with _sandbox(file) as (client, _):
            client.post("/_control/deliveries/idle?seconds=30").raise_for_status()
    assert len(receiver.bodies) == 2
    assert b'"attempt":2' in receiver.bodies[1]
