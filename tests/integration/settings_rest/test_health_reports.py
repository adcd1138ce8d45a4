"""What the other services notice becomes status, push health and last synced; news only."""

from datetime import UTC, datetime, timedelta

from aiokafka import AIOKafkaConsumer
from tests.integration.settings_rest.house import Browser, House, until

from tandem.contracts.connections import CONNECTION_MESSAGES, ConnectionStatus, HealthSignal
from tandem.contracts.topics import SETTINGS_CONNECTIONS

NOW = datetime.now(UTC).replace(microsecond=0)
EARLIER, LATER = NOW - timedelta(minutes=5), NOW + timedelta(minutes=5)


async def _last_of_kafka(house: House, connection_id: str, status: ConnectionStatus) -> int:
    """Revision of the first message on Kafka with a status."""
    consumer = AIOKafkaConsumer(
        house.namespace + SETTINGS_CONNECTIONS.name,
        bootstrap_servers=house.bootstrap_servers,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        async for record in consumer:
            body = CONNECTION_MESSAGES.validate_json(record.value)
            assert record.key.decode() == connection_id
            if getattr(body, "status", None) is status:
                return body.revision
    finally:
        await consumer.stop()
    raise AssertionError("unreachable")


async def test_a_lost_grant_is_published_and_a_restored_one_too(
    house: House, anna: Browser, connection: str
):
    connection_id = connection.rpartition("/")[2]
    await anna.post(f"{connection}/start")
    await house.report(connection_id, "calendar-ingest", HealthSignal.GRANT_LOST, at=NOW)
    revision = await _last_of_kafka(house, connection_id, ConnectionStatus.RECONNECT_NEEDED)
    assert revision == 3
    await house.report(connection_id, "calendar-ingest", HealthSignal.GRANT_RESTORED, at=LATER)
    await house.status_becomes(anna, connection, "active")
    assert [one["status"] for one in await house.published()] == [
        "setting_up",
        "active",
        "reconnect_needed",
        "active",
    ]


async def test_an_older_or_repeated_report_changes_nothing(
    house: House, anna: Browser, connection: str
):
    connection_id = connection.rpartition("/")[2]
    await anna.post(f"{connection}/start")
    service = "calendar-ingest"
    await house.report(connection_id, service, HealthSignal.GRANT_RESTORED, at=LATER)
    await house.report(connection_id, service, HealthSignal.GRANT_LOST, at=LATER)
    await house.report(connection_id, service, HealthSignal.GRANT_LOST, at=EARLIER)
    await house.report(connection_id, service, HealthSignal.PUSH_DOWN, at=NOW, detail="refused")

    async def taken() -> bool:
        return bool((await anna.get(connection)).json()["push"]["calendar"]["state"] == "down")

    await until(taken, what="the last report was taken")
    shown = (await anna.get(connection)).json()
    assert (shown["status"], shown["push"]["calendar"]["detail"]) == ("active", "refused")
    assert len(await house.published()) == 2


async def test_push_and_last_synced_are_shown_and_not_published(
    house: House, anna: Browser, connection: str
):
    connection_id = connection.rpartition("/")[2]
    assert (await anna.get(connection)).json()["push"]["pipedrive"]["state"] == "unknown"
    await house.report(connection_id, "crm-ingest", HealthSignal.PUSH_UP, at=NOW)
    await house.report(connection_id, "crm-ingest", HealthSignal.SYNCED, at=LATER)
    await house.report(connection_id, "calendar-ingest", HealthSignal.SYNCED, at=NOW)

    async def taken() -> bool:
        return bool((await anna.get(connection)).json()["last_synced"])

    await until(taken, what="both sides were synced")
    shown = (await anna.get(connection)).json()
    assert datetime.fromisoformat(shown["last_synced"]) == NOW
    assert shown["push"]["pipedrive"]["state"] == "up"
    assert shown["revision"] == 1
    assert len(await house.published()) == 1


async def test_a_report_of_an_unknown_connection_does_not_stop_the_others(
    house: House, anna: Browser, connection: str
):
    await house.report("00000000-0000-4000-8000-000000000000", "crm-ingest", HealthSignal.SYNCED)
    await anna.post(f"{connection}/start")
    await house.report(connection.rpartition("/")[2], "crm-ingest", HealthSignal.GRANT_LOST)
    await house.status_becomes(anna, connection, "reconnect_needed")
