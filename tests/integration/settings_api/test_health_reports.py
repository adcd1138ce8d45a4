"""What the other services notice becomes status, push health and last synced; news only."""

from datetime import UTC, datetime, timedelta

from tests.integration.settings_api.browser import Browser
from tests.integration.settings_api.house import House, until

from tandem.contracts.connections import ConnectionStatus, HealthSignal
from tandem.runtime.metrics import GRANTS_LOST

NOW = datetime.now(UTC).replace(microsecond=0)
EARLIER, LATER = NOW - timedelta(minutes=5), NOW + timedelta(minutes=5)


async def test_a_lost_grant_is_published_and_a_restored_one_too(
    house: House, anna: Browser, connection: str
):
    counted = GRANTS_LOST.labels("google")._value.get()
    await anna.post(f"{connection}/start")
    await house.report(connection, HealthSignal.GRANT_LOST, at=NOW)
    lost = await house.told_at(3)
    assert (lost.status, lost.key) == (
        ConnectionStatus.RECONNECT_NEEDED,
        connection.rsplit("/", maxsplit=1)[-1],
    )
    await house.report(connection, HealthSignal.GRANT_RESTORED, at=LATER)
    await house.status_becomes(anna, connection, "active")
    assert [one["status"] for one in await house.published()] == [
        "setting_up",
        "active",
        "reconnect_needed",
        "active",
    ]
    assert GRANTS_LOST.labels("google")._value.get() == counted + 1


async def test_an_older_or_repeated_report_changes_nothing(
    house: House, anna: Browser, connection: str
):
    await anna.post(f"{connection}/start")
    await house.report(connection, HealthSignal.GRANT_RESTORED, at=LATER)
    await house.report(connection, HealthSignal.GRANT_LOST, at=LATER)
    await house.report(connection, HealthSignal.GRANT_LOST, at=EARLIER)
    await house.report(connection, HealthSignal.PUSH_DOWN, at=NOW, detail="refused")

    async def taken() -> bool:
        return bool((await anna.get(connection)).json()["push"]["calendar"]["state"] == "down")

    await until(taken, what="the last report was taken")
    shown = (await anna.get(connection)).json()
    assert (shown["status"], shown["push"]["calendar"]["detail"]) == ("active", "refused")
    assert len(await house.published()) == 2


async def test_push_and_last_synced_are_shown_and_not_published(
    house: House, anna: Browser, connection: str
):
    assert (await anna.get(connection)).json()["push"]["pipedrive"]["state"] == "unknown"
    await house.report(connection, HealthSignal.PUSH_UP, service="crm-ingest", at=NOW)
    await house.report(connection, HealthSignal.SYNCED, service="crm-ingest", at=LATER)
    await house.report(connection, HealthSignal.SYNCED, at=NOW)

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
    await house.report("/00000000-0000-4000-8000-000000000000", HealthSignal.SYNCED)
    await anna.post(f"{connection}/start")
    await house.report(connection, HealthSignal.GRANT_LOST, service="crm-ingest")
    await house.status_becomes(anna, connection, "reconnect_needed")
