"""Disconnect: told at once, the account let go once nothing needs it, or after an hour."""

import pytest
from tests.integration.settings_api.browser import Browser, refused
from tests.integration.settings_api.house import ADA, House, until

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
    refused(await anna.get(connection), 404)
    refused(await anna.delete(connection), 404)


async def test_an_unknown_wish_for_the_events_is_refused(
    house: House, anna: Browser, connection: str
):
    refused(await anna.delete(connection, params={"events": "burn"}), 422, "events")
    assert (await anna.get(connection)).status_code == 200


async def test_the_grant_stays_until_the_events_are_removed(
    house: House, anna: Browser, connection: str
):
    await anna.delete(connection, params={"events": "remove"})
    await house.report(connection, HealthSignal.SYNCED)

    async def heard() -> bool:
        rows = await house.query("SELECT reports FROM settings.connections")
        return bool(rows) and "synced" in rows[0]["reports"]

    await until(heard, what="the report was taken")
    assert await house.count("settings.connections") == 1
    assert house.town.revoked == []
    assert await house.count("credentials.credentials") == 2
    await house.report(connection, HealthSignal.RELEASED, service="reconciler")
    await _gone(house)
    assert [one.split("-of-")[1] for one in house.town.revoked] == ["anna@gmail.com"]
    assert await house.count("credentials.credentials") == 1


async def test_after_an_hour_nothing_is_waited_for(house: House, anna: Browser, connection: str):
    await anna.delete(connection)
    await house.query("UPDATE settings.connections SET removed_at = now() - interval '61 minutes'")
    await _gone(house)
    assert [one.split("-of-")[1] for one in house.town.revoked] == ["anna@gmail.com"]
    assert await house.count("credentials.credentials") == 1


async def test_a_living_connection_is_not_released(house: House, anna: Browser, connection: str):
    await house.report(connection, HealthSignal.RELEASED, service="reconciler")
    await house.report(connection, HealthSignal.PUSH_UP, service="crm-ingest")

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
    assert await anna.connected("anna@gmail.com") != connection
    await house.report(connection, HealthSignal.RELEASED, service="reconciler")

    async def one_left() -> bool:
        return await house.count("settings.connections") == 1

    await until(one_left, what="the old one is gone")
    # Google would end the new grant with the old one's token.
    assert house.town.revoked == []
    (left,) = (await anna.get("/api/v1/connections")).json()["items"]
    assert left["email"] == "anna@gmail.com"
    assert await house.count("credentials.credentials") == 2


async def test_what_a_disconnect_needs_survives_a_restart(lone_house: House):
    async with lone_house.service():
        ada = lone_house.browser()
        await ada.sign_in(ADA)
        path = await ada.connected(ADA)
        await ada.delete(path)
    async with lone_house.service():
        await lone_house.report(path, HealthSignal.RELEASED, service="reconciler")
        await _gone(lone_house)
    assert len(lone_house.town.revoked) == 1
