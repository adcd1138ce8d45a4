"""Push: one live channel to each calendar that is read, and notices that only it can give."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest
from tests.integration.calendar_ingest.station import (
    USER,
    Station,
    connection_changed,
    event,
    requested,
    until,
)

from calendar_ingest.repository import Reads
from tandem.contracts.connections import (
    ConnectionHealthReported,
    ConnectionRemoved,
    ConnectionStatus,
    HealthSignal,
)
from tandem.contracts.events import CalendarResynced, EventObserved
from tandem.contracts.topics import (
    CALENDAR_EVENTS,
    SETTINGS_CONNECTIONS,
    SYNC_HEALTH,
    SYNC_REQUESTS,
)
from tandem.runtime.postgres import Pool, open_pool

CALENDAR = "work@example.com"


async def _watched(station: Station, connection_id: UUID) -> tuple[str, str]:
    """A connection that was read, and the id and the secret of its channel."""
    await station.publish(SETTINGS_CONNECTIONS, connection_changed(connection_id))
    await station.publish(SYNC_REQUESTS, requested(connection_id))
    await until(lambda: station.bodies(CALENDAR_EVENTS, CalendarResynced), what="the backfill")
    await until(lambda: _live(station), what="a live channel")
    [(channel_id, secret)] = station.provider.channels.items()
    return channel_id, secret


async def _live(station: Station) -> list[UUID]:
    rows = await station.query("SELECT channel_id FROM calendar.channels WHERE state = 'live'")
    return [row["channel_id"] for row in rows]


def _push_signals(station: Station) -> list[HealthSignal]:
    told = station.bodies(SYNC_HEALTH, ConnectionHealthReported)
    return [b.signal for b in told if b.signal in {HealthSignal.PUSH_UP, HealthSignal.PUSH_DOWN}]


def _notice(channel_id: str, secret: str, state: str = "exists") -> dict[str, str]:
    return {
        "x-goog-channel-id": channel_id,
        "x-goog-channel-token": secret,
        "x-goog-resource-state": state,
        "x-goog-resource-id": "resource",
        "x-goog-message-number": "2",
    }


async def _post(client: httpx.AsyncClient, headers: dict[str, str], content: bytes = b"") -> int:
    answer = await client.post("/webhooks/google", headers=headers, content=content)
    return answer.status_code


async def test_a_notice_is_answered_and_its_calendar_is_read(station: Station):
    async with station.service() as client:
        channel_id, secret = await _watched(station, uuid4())
        station.provider.put(CALENDAR, event("new"))
        assert await _post(client, _notice(channel_id, secret)) == 204
        await until(lambda: station.bodies(CALENDAR_EVENTS, EventObserved), what="the reading")
        signals = await until(lambda: _push_signals(station), what="the report")
    assert signals == [HealthSignal.PUSH_UP]


async def test_no_secret_is_kept_in_clear(station: Station):
    async with station.service():
        _, secret = await _watched(station, uuid4())
        [row] = await station.query("SELECT secret_hash FROM calendar.channels")
    assert row["secret_hash"] == hashlib.sha256(secret.encode()).digest()


async def test_a_forged_or_broken_notice_is_refused_and_nothing_else_happens(station: Station):
    async with station.service() as client:
        channel_id, secret = await _watched(station, uuid4())
        refused = [
            (_notice(channel_id, "wrong"), b"", 401),
            (_notice(channel_id, ""), b"", 401),
            ({k: v for k, v in _notice(channel_id, secret).items() if "token" not in k}, b"", 401),
            (_notice(str(uuid4()), secret), b"", 404),
            (_notice("no-uuid", secret), b"", 400),
            (_notice(channel_id, secret, state="unheard-of"), b"", 400),
            (_notice(channel_id, secret), b"x" * 2_000_000, 413),
        ]
        for headers, content, status in refused:
            assert await _post(client, headers, content) == status
        [row] = await station.query("SELECT hints, due_at FROM calendar.reads")
        metrics = (await client.get("/metrics")).text
        # A notice that is right comes through after all of them, and it alone.
        assert await _post(client, _notice(channel_id, secret)) == 204
        [after] = await until(
            lambda: station.query(
                "SELECT hints FROM calendar.reads WHERE hints > $1", row["hints"]
            ),
            what="the hint",
        )
    assert row["due_at"] is None
    assert after["hints"] == row["hints"] + 1
    for result in ("unauthorized", "unknown", "malformed", "too_large"):
        assert f'tandem_webhooks_total{{provider="google",result="{result}"}}' in metrics


async def test_the_first_notice_of_a_channel_reads_nothing(station: Station):
    async with station.service() as client:
        channel_id, secret = await _watched(station, uuid4())
        [before] = await station.query("SELECT hints FROM calendar.reads")
        assert await _post(client, _notice(channel_id, secret, state="sync")) == 204
        assert await _post(client, _notice(channel_id, secret)) == 204
        [after] = await until(
            lambda: station.query(
                "SELECT hints FROM calendar.reads WHERE hints > $1", before["hints"]
            ),
            what="the second notice's hint",
        )
    assert after["hints"] == before["hints"] + 1


async def test_a_channel_is_replaced_before_it_ends_and_then_closed(station: Station):
    async with station.service():
        old, _ = await _watched(station, uuid4())
        await station.query("UPDATE calendar.channels SET renew_at = now()")
        await until(
            lambda: list(station.provider.channels) not in ([old], []) and _one(station, old),
            what="the new channel alone",
        )
        await until(
            lambda: _push_signals(station) == [HealthSignal.PUSH_UP] * 2, what="both reports"
        )


def _one(station: Station, old: str) -> bool:
    return len(station.provider.channels) == 1 and old not in station.provider.channels


@pytest.mark.parametrize("how", ["removed", "reconnect_needed"])
async def test_a_connection_that_is_not_read_has_no_channel(station: Station, how: str):
    connection_id = uuid4()
    async with station.service() as client:
        channel_id, secret = await _watched(station, connection_id)
        if how == "removed":
            message = ConnectionRemoved(
                message_id=uuid4(),
                occurred_at=datetime.now(UTC),
                connection_id=connection_id,
                revision=2,
                user=USER,
            )
        else:
            message = connection_changed(  # type: ignore[assignment]
                connection_id, revision=2, status=ConnectionStatus.RECONNECT_NEEDED
            )
        await station.publish(SETTINGS_CONNECTIONS, message)
        await until(lambda: not station.provider.channels, what="no channel at the provider")
        await until(
            lambda: station.query("SELECT 1 FROM calendar.channels HAVING count(*) = 0"),
            what="none kept",
        )
        assert await _post(client, _notice(channel_id, secret)) == 404


async def test_a_calendar_that_is_not_pushed_is_swept_and_said_to_be_down(station: Station):
    station.provider.watchable = False
    async with station.service(sweep_interval_s=1):
        await station.publish(SETTINGS_CONNECTIONS, connection_changed(uuid4()))
        await until(lambda: _push_signals(station), what="the report")
        station.provider.put(CALENDAR, event("unheard"))
        await until(lambda: station.bodies(CALENDAR_EVENTS, EventObserved), what="the sweep")
        assert _push_signals(station) == [HealthSignal.PUSH_DOWN]


async def test_a_channel_that_told_nothing_of_a_change_is_replaced(station: Station):
    async with station.service(sweep_interval_s=1, sweep_quiet_interval_s=1):
        silent, _ = await _watched(station, uuid4())
        await station.query("UPDATE calendar.channels SET opened_at = now() - interval '1 hour'")
        await station.query("UPDATE calendar.reads SET pushed_at = now() - interval '1 hour'")
        station.provider.put(CALENDAR, event("unheard"))
        await until(lambda: _one(station, silent), what="another channel")
        [read] = await station.query("SELECT pushed_at FROM calendar.reads")
        assert read["pushed_at"] is None


async def test_the_quieter_a_calendar_with_working_push_the_rarer_it_is_read(station: Station):
    async with station.service():
        await _watched(station, uuid4())
        await until(lambda: _at_rest(station), what="nothing to read")
    pool = await open_pool(station.database_url, connections_max=1)
    reads = Reads(Pooled(pool))

    async def swept(*, silence_min: int | None, unread_min: int) -> bool:
        await station.query(
            "UPDATE calendar.reads SET due_at = NULL, lease = NULL,"
            " pushed_at = now() - make_interval(mins => $1),"
            " visited_at = now() - make_interval(mins => $2)",
            silence_min,
            unread_min,
        )
        return await reads.sweep(300, 3600) == 1

    assert await swept(silence_min=None, unread_min=6)
    assert await swept(silence_min=1, unread_min=6)
    assert not await swept(silence_min=1, unread_min=4)
    assert not await swept(silence_min=30, unread_min=29)
    assert await swept(silence_min=30, unread_min=31)
    assert not await swept(silence_min=9999, unread_min=59)
    assert await swept(silence_min=9999, unread_min=61)
    # Without a channel nothing is known of pushes.
    await station.query("UPDATE calendar.channels SET state = 'closing'")
    assert await swept(silence_min=9999, unread_min=6)
    await pool.close()


@dataclass
class Pooled:
    """A database whose pool is open."""

    pool: Pool


async def _at_rest(station: Station) -> bool:
    rows = await station.query("SELECT FROM calendar.reads WHERE due_at IS NULL AND lease IS NULL")
    return len(rows) == 1
