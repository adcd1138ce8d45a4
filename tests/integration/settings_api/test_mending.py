"""Trouble that other services report, and what mends it: never twice, never by an old report."""

from datetime import timedelta

from tests.integration.settings_api.front_desk import Browser, FrontDesk, until
from tests.integration.settings_api.vendors import problem

from tandem.contracts.connections import (
    ConnectionChanged,
    ConnectionRemoved,
    ConnectionStatus,
    HealthSignal,
)
from tandem.contracts.requests import BackfillRequested, ResyncRequested

ADA = "ada@north.example"


async def test_a_calendar_that_is_there_again_is_chosen_again_and_read(desk: FrontDesk):
    async with desk.service() as browsers:
        ada = browsers()
        await ada.sign_in(ADA)
        path = await ada.started(ADA)
        seen = desk.clock.now()
        await desk.report(path, HealthSignal.CALENDAR_GONE)
        assert (await desk.told_at(3)).status is ConnectionStatus.CALENDAR_GONE
        assert problem(await ada.post(f"{path}/resync"))[0] == 409
        desk.vendors.calendars = desk.vendors.calendars[:1]
        assert problem(await ada.patch(path, json={"calendar_id": "work"}))[0] == 422
        assert (await ada.get(path)).json()["status"] == "calendar_gone"
        desk.vendors.calendars.append({**desk.vendors.calendars[0], "id": "work", "writable": True})
        assert (await ada.patch(path, json={"calendar_id": "work"})).json()["status"] == "active"
        await until(lambda: desk.told_of(ResyncRequested), what="the resync")
        await desk.report(path, HealthSignal.CALENDAR_GONE, at=seen)
        await desk.report(path, HealthSignal.PUSH_UP)
        await until(
            lambda: _push(ada, path, "up"), what="the report after the one that came too late"
        )
        assert (await ada.get(path)).json()["revision"] == 4
        assert len(desk.told_of(BackfillRequested)) == 1


async def test_an_account_connected_again_has_its_calendar_looked_for_again(desk: FrontDesk):
    async with desk.service() as browsers:
        ada = browsers()
        await ada.sign_in(ADA)
        path = await ada.started(ADA)
        await desk.report(path, HealthSignal.CALENDAR_GONE)
        await desk.told_at(3)
        await ada.connect(ADA)
        assert (await desk.told_at(4)).status is ConnectionStatus.ACTIVE


async def test_both_accounts_must_be_mended_before_anything_is_read(desk: FrontDesk):
    async with desk.service() as browsers:
        ada = browsers()
        await ada.sign_in(ADA)
        path = await ada.started(ADA)
        await desk.report(path, HealthSignal.GRANT_LOST)
        await desk.report(path, HealthSignal.GRANT_LOST, service="crm-ingest")
        await until(lambda: _lost(ada, path, 2), what="both losses")
        await ada.patch(path, json={"paused": True})
        await ada.patch(path, json={"paused": False})
        await ada.connect(ADA)
        assert (await ada.get(path)).json()["reconnect"] == ["pipedrive"]
        await ada.sign_in(ADA)
        assert (await ada.get(path)).json()["status"] == "active"
        await until(lambda: desk.told_of(ResyncRequested), what="the resync")
        await ada.post(f"{path}/resync")
        await until(lambda: len(desk.told_of(ResyncRequested)) == 2, what="the one asked for")


async def test_a_reconciler_that_rests_from_trouble_long_mended_is_told_again(desk: FrontDesk):
    async with desk.service() as browsers:
        ada = browsers()
        await ada.sign_in(ADA)
        path = await ada.started(ADA)
        lost = desk.clock.now()
        await desk.report(path, HealthSignal.GRANT_LOST, at=lost)
        await desk.told_at(3)
        desk.clock.ahead += timedelta(seconds=5)
        await ada.connect(ADA)
        mended = await desk.told_at(4)
        await desk.report(
            path, HealthSignal.GRANT_LOST, service="reconciler", at=lost, detail="calendar"
        )
        again = await desk.told_at(5)
        assert (again.status, again.settings) == (mended.status, mended.settings)
        assert again.status is ConnectionStatus.ACTIVE


async def test_reports_of_a_removed_connection_bring_nothing_back(desk: FrontDesk):
    async with desk.service() as browsers:
        ada = browsers()
        await ada.sign_in(ADA)
        path, other = await ada.started(ADA), await ada.started("bob@north.example")
        assert (await ada.delete(path)).status_code == 202
        await until(lambda: desk.told_of(ConnectionRemoved), what="the removal")
        for signal in (HealthSignal.SYNCED, HealthSignal.PUSH_DOWN):
            await desk.report(path, signal)
        await desk.report(other, HealthSignal.PUSH_UP)
        await until(lambda: _push(ada, other, "up"), what="the report of the other")
        assert problem(await ada.get(path))[0] == 404
        messages = [*desk.told_of(ConnectionChanged), *desk.told_of(ConnectionRemoved)]
        assert [one.revision for one in messages if path.endswith(one.key)] == [1, 2, 3]


async def _push(browser: Browser, path: str, state: str) -> bool:
    shown = (await browser.get(path)).json()
    return bool(shown["push"]["calendar"]["state"] == state)


async def _lost(browser: Browser, path: str, count: int) -> bool:
    return len((await browser.get(path)).json()["reconnect"]) == count
