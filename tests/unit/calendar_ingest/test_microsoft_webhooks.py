"""Notices of Graph: tokens that are given back, who is heard, and what is done about it."""

import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from starlette.applications import Starlette

from calendar_ingest.microsoft_webhooks import MicrosoftWebhooks
from calendar_ingest.watcher import secret_hash
from tandem.runtime.clock import SystemClock

CHANNEL = uuid4()
CONNECTION = uuid4()
SECRET = "a secret that is long enough"
OURS = f"{CHANNEL}.{SECRET}"


@dataclass
class Desk:
    """The channel that is known, and what was done."""

    hints: list[Any] = field(default_factory=list)
    renewed: list[UUID] = field(default_factory=list)

    async def connection_of(self, channel_id: UUID) -> tuple[UUID, bytes] | None:
        return (CONNECTION, secret_hash(SECRET)) if channel_id == CHANNEL else None

    async def renew_now(self, connection_id: UUID) -> None:
        self.renewed.append(connection_id)

    async def publish(self, messages: list[Any]) -> None:
        self.hints += messages

    async def post(self, path: str = "", **request: Any) -> httpx.Response:
        """Post as Graph does."""
        runtime: Any = SimpleNamespace(publisher=self, clock=SystemClock(), new_id=uuid4)
        channels: Any = self
        app = Starlette(routes=MicrosoftWebhooks(runtime, channels).routes())
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://test"
        ) as client:
            return await client.post(f"/webhooks/microsoft{path}", **request)

    async def told(self, *states: str, path: str = "", **notice: Any) -> httpx.Response:
        """Post notices that bear these secrets."""
        value = [{"clientState": state, "subscriptionId": "1", **notice} for state in states]
        return await self.post(path, json={"value": value})


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize("path", ["", "/lifecycle"])
async def test_each_address_gives_the_token_back_as_text(desk: Desk, path: str):
    token = "Validation: Testing <client> & more"
    answer = await desk.post(path, params={"validationToken": token})
    assert (answer.status_code, answer.text) == (200, token)
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await desk.post(path, params={"validationToken": "x" * 3000})).status_code == 400


async def test_notices_of_one_calendar_are_one_hint(desk: Desk):
    answer = await desk.told(OURS, OURS, changeType="updated")
    assert answer.status_code == 202
    assert len(desk.hints) == 1
    assert desk.renewed == []


@pytest.mark.parametrize(
    ("event", "hints", "renewals"),
    [("missed", 1, 0), ("subscriptionRemoved", 1, 1), ("reauthorizationRequired", 0, 1)],
)
async def test_what_becomes_of_a_subscription_is_acted_upon(
    desk: Desk, event: str, hints: int, renewals: int
):
    answer = await desk.told(OURS, path="/lifecycle", lifecycleEvent=event)
    assert answer.status_code == 202
    assert (len(desk.hints), len(desk.renewed)) == (hints, renewals)


@pytest.mark.parametrize(
    "state",
    [f"{CHANNEL}.wrong", f"{uuid4()}.{SECRET}", "nonsense", ""],
    ids=["another secret", "another channel", "nonsense", "nothing"],
)
async def test_who_does_not_know_the_secret_gets_nothing_done(desk: Desk, state: str):
    for path in ("", "/lifecycle"):
        answer = await desk.told(state, path=path, lifecycleEvent="subscriptionRemoved")
        assert answer.status_code == 202
    assert (desk.hints, desk.renewed) == ([], [])


async def test_a_notice_of_ours_among_others_is_heard(desk: Desk):
    await desk.told("nonsense", OURS, changeType="deleted")
    assert len(desk.hints) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"nonsense", 400),
        (b"[]", 400),
        (json.dumps({"value": "nonsense"}).encode(), 400),
        (json.dumps({"value": [1]}).encode(), 400),
        (b"x" * 2_000_000, 413),
    ],
)
async def test_what_is_no_notice_is_refused(desk: Desk, body: bytes, status: int):
    assert (await desk.post(content=body)).status_code == status
    assert desk.hints == []


async def test_many_notices_may_come_together(desk: Desk):
    answer = await desk.told(*[OURS] * 500, resource="Users/1/Events/" + "A" * 150)
    assert answer.status_code == 202
    assert len(desk.hints) == 1
