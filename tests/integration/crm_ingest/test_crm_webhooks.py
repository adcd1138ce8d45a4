"""The webhook endpoint takes hints of ours and nothing else; one webhook stands in each company."""

import asyncio
import json
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from prometheus_client import REGISTRY
from tests.integration.crm_ingest.office import (
    ANNA,
    BORIS,
    INTERNAL_TOKEN,
    Office,
    basic,
    until,
    webhook,
)

from crm_ingest.crm import ActivityKind, ForbiddenError
from tandem.contracts.activities import ActivityHinted, ActivityObserved
from tandem.contracts.connections import ConnectionRemoved, HealthSignal
from tandem.contracts.message import SyncUser
from tandem.contracts.topics import CRM_HINTS, SETTINGS_CONNECTIONS
from tandem.runtime.clock import SystemClock
from tandem.runtime.credential_store import (
    Credential,
    CredentialKind,
    CredentialStore,
    GrantLostError,
)
from tandem.runtime.failures import Retryable
from tandem.runtime.postgres import open_pool
from tandem.runtime.publisher import Publisher
from tandem.runtime.secrets import Sealer


def _counted(result: str) -> float:
    labels = {"provider": "pipedrive", "result": result}
    return REGISTRY.get_sample_value("tandem_webhooks_total", labels) or 0.0


async def _hints(office: Office, count: int) -> Any:
    return await until(
        lambda: len(found := office.bodies(CRM_HINTS, ActivityHinted)) >= count and found,
        what=f"{count} hints",
    )


async def test_a_webhook_is_a_hint_that_starts_the_trace(office: Office):
    visit = office.company.put(ANNA.user_id)
    async with office.service() as client:
        await office.connect()
        before = _counted("accepted")
        body = webhook(visit.activity.activity_id)
        answer = await client.post("/webhooks/pipedrive", json=body, headers=basic())
        assert answer.status_code == 200
        await office.observed(1, ActivityObserved)
        [hint] = await _hints(office, 1)
        assert _counted("accepted") == before + 1
    assert (hint.company_id, hint.activity_id) == (7, visit.activity.activity_id)
    assert hint.user_id == ANNA.user_id
    trace_ids = {
        taken.trace_id
        for taken in [*office.taken[CRM_HINTS.name], *office.taken["crm.activities.v1"]]
    }
    assert len(trace_ids) == 1


async def test_a_deletion_is_hinted_with_the_owner_it_had(office: Office):
    body = webhook(5, action="delete")
    body |= {"data": None, "previous": {"id": 5, "owner_id": BORIS.user_id}}
    async with office.service() as client:
        await client.post("/webhooks/pipedrive", json=body, headers=basic())
        [hint] = await _hints(office, 1)
    assert (hint.activity_id, hint.user_id) == (5, BORIS.user_id)


async def _pieces(size: int):
    """A body without a content-length."""
    for _ in range(size // 1024):
        yield b"x" * 1024


@pytest.mark.parametrize(
    ("content", "headers", "status", "result"),
    [
        (json.dumps(webhook()).encode(), {}, 401, "unauthorized"),
        (json.dumps(webhook()).encode(), basic("guessed"), 401, "unauthorized"),
        (json.dumps(webhook()).encode(), {"authorization": "Basic ?"}, 401, "unauthorized"),
        (b"x" * 2_000_000, basic(), 413, "too_large"),
        (_pieces(300 * 1024), basic(), 413, "too_large"),
        (b'{"meta": ', basic(), 400, "malformed"),
        (b'{"meta": {"entity": 7}}', basic(), 400, "malformed"),
        (b"\xff\xfe", basic(), 400, "malformed"),
        (b"[" * 100_000, basic(), 400, "malformed"),
        (json.dumps(webhook(company_id="x")).encode(), basic(), 400, "malformed"),
        (json.dumps(webhook(entity="deal")).encode(), basic(), 200, "ignored"),
    ],
    ids=[
        "no_password",
        "wrong_password",
        "no_base64",
        "2_mb",
        "no_length",
        "broken",
        "shape",
        "no_utf8",
        "nested",
        "no_company",
        "deal",
    ],
)
async def test_what_is_no_hint_of_ours_is_refused_and_counted(
    office: Office, content, headers, status: int, result: str
):
    async with office.service() as client:
        before = _counted(result)
        answer = await client.post("/webhooks/pipedrive", content=content, headers=headers)
        assert answer.status_code == status
        assert _counted(result) == before + 1
        marker = webhook(99)
        await client.post("/webhooks/pipedrive", json=marker, headers=basic())
        hints = await _hints(office, 1)
    assert [hint.activity_id for hint in hints] == [99]


async def test_a_webhook_that_kafka_does_not_take_is_told_to_come_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    async def _refuse(_self, _records):
        raise Retryable("kafka: away")

    async with office.service() as client:
        with monkeypatch.context() as patch:
            patch.setattr(Publisher, "publish", _refuse)
            answer = await client.post("/webhooks/pipedrive", json=webhook(), headers=basic())
        assert answer.status_code == 503
        answer = await client.post("/webhooks/pipedrive", json=webhook(), headers=basic())
        assert answer.status_code == 200


async def test_a_company_has_one_webhook_as_long_as_somebody_is_connected(office: Office):
    async with office.service():
        first = await office.connect(ANNA)
        await office.signalled(HealthSignal.PUSH_UP, connection_id=first)
        [webhook_id] = office.company.webhooks
        second = await office.connect(BORIS)
        await office.signalled(HealthSignal.PUSH_UP, connection_id=second)
        assert list(office.company.webhooks) == [webhook_id]
        for connection_id, user in ((first, ANNA), (second, BORIS)):
            assert list(office.company.webhooks) == [webhook_id]
            await office.publish(SETTINGS_CONNECTIONS, _removed(connection_id, user))
            await until(partial(_is_removed, office, connection_id), what="the removal")
        await until(lambda: not office.company.webhooks, what="the webhook is removed")


async def _is_removed(office: Office, connection_id: UUID) -> bool:
    return bool(
        await office.query(
            "SELECT 1 FROM crm.connections WHERE connection_id = $1 AND removed_at IS NOT NULL",
            connection_id,
        )
    )


def _removed(connection_id: UUID, user: SyncUser) -> ConnectionRemoved:
    return ConnectionRemoved(
        message_id=uuid4(),
        occurred_at=datetime.now(UTC),
        connection_id=connection_id,
        revision=9,
        user=user,
    )


@pytest.mark.parametrize("trouble", ["gone", "not_working", "other_terms"])
async def test_a_webhook_that_is_not_as_it_should_be_is_replaced(office: Office, trouble: str):
    async with office.service():
        await office.connect()
        await office.signalled(HealthSignal.PUSH_UP)
        [old] = office.company.webhooks
        if trouble == "gone":
            office.company.webhooks.clear()
        elif trouble == "not_working":
            office.company.webhooks[old] = False
        else:
            office.company.terms = "new password"
        await office.query("UPDATE crm.webhooks SET due_at = now()")
        await until(
            lambda: len(office.company.webhooks) == 1 and old not in office.company.webhooks,
            what="one other webhook",
        )


async def test_whoever_may_make_the_webhook_makes_it(office: Office):
    office.company.failures_of["webhooks.create"] = [ForbiddenError("admins only")]
    async with office.service():
        connections = [await office.connect(user) for user in (ANNA, BORIS)]
        await office.query("UPDATE crm.webhooks SET due_at = now()")
        for connection_id in connections:
            await office.signalled(HealthSignal.PUSH_UP, connection_id=connection_id)
    assert len(office.company.webhooks) == 1


async def test_push_that_is_down_is_told_once_and_so_is_its_return(office: Office):
    office.company.refusing[ANNA.user_id] = ForbiddenError("admins only")
    async with office.service():
        connection_id = await office.connect()
        await office.signalled(HealthSignal.PUSH_DOWN, connection_id=connection_id)
        office.company.refusing.clear()
        await office.query("UPDATE crm.webhooks SET due_at = now()")
        await office.signalled(HealthSignal.PUSH_DOWN, HealthSignal.PUSH_UP)
        await office.query("UPDATE crm.webhooks SET due_at = now(), checked_at = NULL")
        await until(
            lambda: office.query("SELECT 1 FROM crm.webhooks WHERE checked_at IS NOT NULL"),
            what="another look",
        )
    signals = [taken.body.signal for taken in office.taken["sync.health-reports.v1"]]
    assert signals.count(HealthSignal.PUSH_UP) == signals.count(HealthSignal.PUSH_DOWN) == 1


async def test_activity_types_are_told_to_whoever_has_the_internal_token(office: Office):
    office.company.kinds = (
        ActivityKind("call", "Call", "call", "FFFFFF"),
        ActivityKind("video_call", "Video call", "camera", None),
    )
    async with office.service() as client:
        credential_id = uuid4()
        path = "/internal/activity-types"
        asked = {
            "credential_id": str(credential_id),
            "api_url": "https://north.example",
            "company_id": "7",
            "user_id": "42",
        }
        headers = {"authorization": f"Bearer {INTERNAL_TOKEN}"}
        assert (await client.get(path, params=asked)).status_code == 401
        assert (await client.get(path, params=asked, headers=headers)).status_code == 404
        await _put_credential(office, credential_id)
        answer = await client.get(path, params=asked, headers=headers)
        assert answer.json() == {
            "items": [
                {"key": "call", "name": "Call", "icon": "call", "color": "FFFFFF"},
                {"key": "video_call", "name": "Video call", "icon": "camera", "color": None},
            ]
        }
        for name in asked:
            wrong = await client.get(path, params={**asked, name: "x"}, headers=headers)
            assert wrong.status_code == 422
            assert wrong.json()["title"].startswith(f"{name}:")
        office.company.refusing[42] = Retryable("weather")
        assert (await client.get(path, params=asked, headers=headers)).status_code == 503
        office.company.refusing[42] = GrantLostError("revoked")
        lost = await client.get(path, params=asked, headers=headers)
    assert (lost.status_code, lost.json()["reason"]) == (409, "auth_lost")


async def _put_credential(office: Office, credential_id) -> None:
    pool = await open_pool(office.database_url, connections_max=2)
    store = CredentialStore(pool, Sealer(office.credentials_keys), SystemClock())
    await store.put(
        Credential(credential_id=credential_id, kind=CredentialKind.PIPEDRIVE, account="42")
    )
    await pool.close()


async def test_webhooks_are_answered_in_milliseconds_while_pipedrive_is_slow(office: Office):
    loop = asyncio.get_running_loop()
    async with office.service() as client:
        await office.connect()
        waits = []
        for number in range(50):
            started = loop.time()
            await client.post("/webhooks/pipedrive", json=webhook(number + 1), headers=basic())
            waits.append(loop.time() - started)
        await _hints(office, 50)
    assert sorted(waits)[25] < 0.25
