"""Disconnect: told at once, the account let go once nothing needs it, or after an hour."""

import pytest
from tests.integration.settings_rest.house import MAILBOX, Browser, House, problem, until

from tandem.contracts.connections import HealthSignal


async def _gone(house: House) -> None:
    async def holds() -> bool:
        return await house.count("settings.connections") == 0

    await until(holds, what="the row is gone")


@pytest.mark.parametrize(("query", "remove"), [({}, False), ({"events": "remove"}, True)])
async def test_what_becomes_of_the_events_is_told(
    house: House, anna: Browser, connection: str, query, remove
):
    await anna.post(f"{connection}/start")
    answer = await anna.delete(connection, params=query)
    assert answer.status_code == 202
    told = (await house.published())[-1]
    assert (told["kind"], told["remove_events"]) == ("connection_removed", remove)
    assert told["revision"] == 3
    assert (await anna.get("/api/v1/connections")).json()["items"] == []
    problem(await anna.get(connection), 404)
    problem(await anna.delete(connection), 404)


async def test_an_unknown_wish_for_the_events_is_refused(
    house: House, anna: Browser, connection: str
):
    problem(await anna.delete(connection, params={"events": "burn"}), 422, "events")
    assert (await anna.get(connection)).status_code == 200


async def test_the_grant_stays_until_the_events_are_removed(
    house: House, anna: Browser, connection: str
):
    await anna.delete(connection, params={"events": "remove"})
    connection_id = connection.rpartition("/")[2]
    await house.report(connection_id, "calendar-ingest", HealthSignal.SYNCED)

    async def heard() -> bool:
        rows = await house.query("SELECT reports FROM settings.connections")
        return bool(rows) and "synced" in rows[0]["reports"]

    await until(heard, what="the report was taken")
    assert await house.count("settings.connections") == 1
    assert house.town.revoked == []
    assert await house.count("credentials.credentials") == 2
    await house.report(connection_id, "reconciler", HealthSignal.RELEASED)
    await _gone(house)
    assert house.town.revoked == ["google-refresh"]
    assert await house.count("credentials.credentials") == 1


async def test_after_an_hour_nothing_is_waited_for(house: House, anna: Browser, connection: str):
    await anna.delete(connection)
    await house.query("UPDATE settings.connections SET removed_at = now() - interval '61 minutes'")
    await _gone(house)
    assert house.town.revoked == ["google-refresh"]
    assert await house.count("credentials.credentials") == 1


async def test_a_living_connection_is_not_released(house: House, anna: Browser, connection: str):
    connection_id = connection.rpartition("/")[2]
    await house.report(connection_id, "reconciler", HealthSignal.RELEASED)
    await house.report(connection_id, "crm-ingest", HealthSignal.PUSH_UP)

    async def heard() -> bool:
        return bool((await anna.get(connection)).json()["push"]["pipedrive"]["state"] == "up")

    await until(heard, what="the reports were taken")
    await anna.delete(connection)
    assert await house.count("settings.connections") == 1
    assert house.town.revoked == []


async def test_the_account_can_be_connected_anew_before_the_old_one_is_released(
    house: House, anna: Browser, connection: str
):
    await anna.delete(connection)
    assert f"/api/v1/connections/{await house.connected(anna)}" != connection
    await house.report(connection.rpartition("/")[2], "reconciler", HealthSignal.RELEASED)

    async def one_left() -> bool:
        return await house.count("settings.connections") == 1

    await until(one_left, what="the old one is gone")
    # Google would end the new grant with the old one's token.
    assert house.town.revoked == []
    (left,) = (await anna.get("/api/v1/connections")).json()["items"]
    assert left["email"] == MAILBOX
    assert await house.count("credentials.credentials") == 2


async def test_what_a_disconnect_needs_survives_a_restart(
    house: House, anna: Browser, connection: str, kafka, database_url
):
    await anna.delete(connection)
    other = House(kafka.bootstrap_servers, kafka.namespace, database_url, keys=house.keys)
    async with other.service():
        await other.report(connection.rpartition("/")[2], "reconciler", HealthSignal.RELEASED)
        await _gone(other)
    assert house.town.revoked + other.town.revoked == ["google-refresh"]
