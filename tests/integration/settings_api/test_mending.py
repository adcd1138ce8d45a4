"""Trouble that other services report, and what mends it: never twice, never by an old report."""

from datetime import timedelta

from tests.integration.settings_api.browser import Browser, problem
from tests.integration.settings_api.house import ADA, House, until

from tandem.contracts.connections import (
    ConnectionChanged,
    ConnectionRemoved,
    ConnectionStatus,
    HealthSignal,
)
from tandem.contracts.requests import BackfillRequested, ResyncRequested


async def test_a_calendar_that_is_there_again_is_chosen_again_and_read(house: House):
    ada = house.browser()
    await ada.sign_in(ADA)
    path = await ada.started(ADA)
    seen = house.clock.now()
    await house.report(path, HealthSignal.CALENDAR_GONE)
    assert (await house.told_at(3)).status is ConnectionStatus.CALENDAR_GONE
    assert problem(await ada.post(f"{path}/resync"))[0] == 409
    house.town.calendars = house.town.calendars[:1]
    assert problem(await ada.patch(path, json={"calendar_id": "work"}))[0] == 422
    assert (await ada.get(path)).json()["status"] == "calendar_gone"
    house.town.calendars.append({**house.town.calendars[0], "id": "work", "writable": True})
    assert (await ada.patch(path, json={"calendar_id": "work"})).json()["status"] == "active"
    await until(lambda: house.told_of(ResyncRequested), what="the resync")
    await house.report(path, HealthSignal.CALENDAR_GONE, at=seen)
    await house.report(path, HealthSignal.PUSH_UP)
    await until(lambda: _push(ada, path, "up"), what="the report after the one that came too late")
    assert (await ada.get(path)).json()["revision"] == 4
    assert len(house.told_of(BackfillRequested)) == 1


async def test_an_account_connected_again_has_its_calendar_looked_for_again(house: House):
    ada = house.browser()
    await ada.sign_in(ADA)
    path = await ada.started(ADA)
    await house.report(path, HealthSignal.CALENDAR_GONE)
    await house.told_at(3)
    await ada.connect(ADA)
    assert (await house.told_at(4)).status is ConnectionStatus.ACTIVE


async def test_both_accounts_must_be_mended_before_anything_is_read(house: House):
    ada = house.browser()
    await ada.sign_in(ADA)
    path = await ada.started(ADA)
    await house.report(path, HealthSignal.GRANT_LOST)
    await house.report(path, HealthSignal.GRANT_LOST, service="crm-ingest")
    await until(lambda: _lost(ada, path, 2), what="both losses")
    await ada.patch(path, json={"paused": True})
    await ada.patch(path, json={"paused": False})
    await ada.connect(ADA)
    assert (await ada.get(path)).json()["reconnect"] == ["pipedrive"]
    await ada.sign_in(ADA)
    assert (await ada.get(path)).json()["status"] == "active"
    await until(lambda: house.told_of(ResyncRequested), what="the resync")
    await ada.post(f"{path}/resync")
    await until(lambda: len(house.told_of(ResyncRequested)) == 2, what="the one asked for")


async def test_a_reconciler_that_rests_from_trouble_long_mended_is_told_again(house: House):
    ada = house.browser()
    await ada.sign_in(ADA)
    path = await ada.started(ADA)
    lost = house.clock.now()
    await house.report(path, HealthSignal.GRANT_LOST, at=lost)
    await house.told_at(3)
    house.clock.ahead += timedelta(seconds=5)
    await ada.connect(ADA)
    mended = await house.told_at(4)
    await house.report(
        path, HealthSignal.GRANT_LOST, service="reconciler", at=lost, detail="calendar"
    )
    again = await house.told_at(5)
    assert (again.status, again.settings) == (mended.status, mended.settings)
    assert again.status is ConnectionStatus.ACTIVE


async def test_reports_of_a_removed_connection_bring_nothing_back(house: House):
    ada = house.browser()
    await ada.sign_in(ADA)
    path, other = await ada.started(ADA), await ada.started("bob@north.example")
    assert (await ada.delete(path)).status_code == 202
    await until(lambda: house.told_of(ConnectionRemoved), what="the removal")
    for signal in (HealthSignal.SYNCED, HealthSignal.PUSH_DOWN):
        await house.report(path, signal)
    await house.report(other, HealthSignal.PUSH_UP)
    await until(lambda: _push(ada, other, "up"), what="the report of the other")
    assert problem(await ada.get(path))[0] == 404
    messages = [*house.told_of(ConnectionChanged), *house.told_of(ConnectionRemoved)]
    assert [one.revision for one in messages if path.endswith(one.key)] == [1, 2, 3]


async def _push(browser: Browser, path: str, state: str) -> bool:
    shown = (await browser.get(path)).json()
    return bool(shown["push"]["calendar"]["state"] == state)


async def _lost(browser: Browser, path: str, count: int) -> bool:
    return len((await browser.get(path)).json()["reconnect"]) == count
