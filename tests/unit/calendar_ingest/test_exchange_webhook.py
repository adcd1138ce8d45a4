"""Notices of Exchange servers: who is heard, and what they are answered."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from calendar_ingest.exchange_webhook import ExchangeWebhook
from calendar_ingest.watcher import secret_hash
from tandem.runtime.clock import SystemClock

CHANNEL = uuid4()
CONNECTION = uuid4()
SECRET = "a secret that is long enough"
NOTICE = (
    b"<m:SendNotification><t:%sEvent><t:Watermark>1</t:Watermark></t:%sEvent></m:SendNotification>"
)


class KnownChannel:
    async def connection_of(self, channel_id: UUID) -> tuple[UUID, bytes] | None:
        return (CONNECTION, secret_hash(SECRET)) if channel_id == CHANNEL else None


@dataclass
class Kept:
    published: list[Any] = field(default_factory=list)

    async def publish(self, messages: list[Any]) -> None:
        self.published += messages


async def _posted(
    kept: Kept, body: bytes, *, channel: object = CHANNEL, secret: str = SECRET
) -> httpx.Response:
    runtime: Any = SimpleNamespace(publisher=kept, clock=SystemClock(), new_id=uuid4)
    channels: Any = KnownChannel()
    take = ExchangeWebhook(runtime, channels).take
    app = Starlette(routes=[Route("/webhooks/exchange", take, methods=["POST"])])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://test"
    ) as client:
        return await client.post(
            "/webhooks/exchange",
            params={"channel": str(channel), "secret": secret},
            content=body,
        )


@pytest.mark.parametrize("kind", [b"Created", b"Modified", b"Deleted", b"Moved"])
async def test_what_happened_is_a_hint_and_goes_on(kind: bytes):
    kept = Kept()
    answer = await _posted(kept, NOTICE % (kind, kind))
    assert answer.status_code == 200
    assert "<m:SubscriptionStatus>OK<" in answer.text
    assert len(kept.published) == 1


async def test_a_sign_of_life_is_no_hint():
    kept = Kept()
    answer = await _posted(kept, NOTICE % (b"Status", b"Status"))
    assert "<m:SubscriptionStatus>OK<" in answer.text
    assert kept.published == []


async def test_an_unknown_channel_is_unsubscribed():
    kept = Kept()
    answer = await _posted(kept, NOTICE % (b"Created", b"Created"), channel=uuid4())
    assert "<m:SubscriptionStatus>Unsubscribe<" in answer.text
    assert kept.published == []


@pytest.mark.parametrize(
    ("order", "body", "status"),
    [
        ({"secret": "another"}, NOTICE % (b"Created", b"Created"), 401),
        ({"channel": "nonsense"}, NOTICE % (b"Created", b"Created"), 400),
        ({}, b"nonsense", 400),
        ({}, b"x" * 100_000, 413),
    ],
)
async def test_what_is_not_ours_gets_nothing_done(order: dict[str, Any], body: bytes, status: int):
    kept = Kept()
    answer = await _posted(kept, body, **order)
    assert answer.status_code == status
    assert kept.published == []
