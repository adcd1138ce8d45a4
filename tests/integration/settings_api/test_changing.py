"""Changes of a connection: validated, saved at once, told in order, and never lost."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from tests.integration.settings_api.browser import Browser, problem
from tests.integration.settings_api.house import ADA, House, until

from tandem.contracts.connections import ConnectionChanged, ConnectionStatus, HealthSignal
from tandem.contracts.requests import BackfillRequested, ResyncRequested


async def _started(browser: Browser) -> str:
    await browser.sign_in(ADA)
    return await browser.started(ADA)


async def test_a_type_that_was_switched_off_since_may_stay_chosen(house: House):
    ada = house.browser()
    path = await _started(ada)
    await ada.patch(path, json={"synced_types": ["call", "lunch", "meeting"]})
    house.town.types.remove("lunch")
    house.clock.ahead += timedelta(minutes=2)
    answer = await ada.patch(path, json={"synced_types": ["call", "lunch"]})
    assert answer.json()["settings"]["synced_types"] == ["call", "lunch"]
    await ada.patch(path, json={"synced_types": ["call"]})
    assert problem(await ada.patch(path, json={"synced_types": ["lunch"]}))[0] == 422


@pytest.mark.rule("2.12")
async def test_two_tabs_that_change_different_settings_at_once_lose_nothing(house: House):
    tabs = [house.browser(), house.browser()]
    for tab in tabs:
        await tab.sign_in(ADA)
    path = await tabs[0].started(ADA)
    minutes, days = range(31, 51), range(101, 121)
    answers = await asyncio.gather(
        *(tabs[0].patch(path, json={"default_duration_minutes": one}) for one in minutes),
        *(tabs[1].patch(path, json={"horizon_days": one}) for one in days),
    )
    assert {answer.status_code for answer in answers} == {200}
    revisions = sorted(answer.json()["revision"] for answer in answers)
    assert revisions == list(range(3, 43))
    by_revision = {answer.json()["revision"]: answer.json()["settings"] for answer in answers}
    for revision in range(3, 42):
        earlier, later = by_revision[revision], by_revision[revision + 1]
        changed = [name for name in earlier if earlier[name] != later[name]]
        assert changed in (["default_duration_minutes"], ["horizon_days"])
    await house.told_at(42)
    told = [one.revision for one in house.told_of(ConnectionChanged)]
    assert told == list(range(1, 43))
    for tab in tabs:
        assert (await tab.get(path)).json()["settings"] == by_revision[42]


async def test_a_change_of_an_older_revision_is_refused_where_asked_for(house: House):
    ada = house.browser()
    path = await _started(ada)
    etag = (await ada.get(path)).headers["etag"]
    changed = await ada.patch(path, json={"horizon_days": 10}, headers={"if-match": etag})
    assert changed.headers["etag"] != etag
    stale = await ada.patch(path, json={"horizon_days": 20}, headers={"if-match": etag})
    assert problem(stale)[0] == 412
    for tag in ("*", changed.headers["etag"]):
        answer = await ada.patch(path, json={"horizon_days": 10}, headers={"if-match": tag})
        assert answer.status_code == 200
    assert (await ada.get(path)).json()["settings"]["horizon_days"] == 10


async def test_starting_backfills_once(house: House):
    ada = house.browser()
    path = await _started(ada)
    assert (await house.told_at(2)).status is ConnectionStatus.ACTIVE
    again = await asyncio.gather(*(ada.post(f"{path}/start") for _ in range(3)))
    assert {answer.status_code for answer in again} == {200}
    assert (await ada.post(f"{path}/resync")).status_code == 202
    await until(lambda: house.told_of(ResyncRequested), what="the resync")
    assert await house.requests() == ["backfill_requested", "resync_requested"]
    (backfill,) = house.told_of(BackfillRequested)
    assert backfill.user.user_id == 42


async def test_another_calendar_is_backfilled_once_it_is_started(house: House):
    ada = house.browser()
    await ada.sign_in(ADA)
    path = await ada.connected(ADA)
    await ada.patch(path, json={"calendar_id": "team"})
    assert (await ada.post(f"{path}/start")).json()["settings"]["calendar_id"] == "team"
    await ada.patch(path, json={"calendar_id": "work"})
    await until(lambda: len(house.told_of(BackfillRequested)) == 2, what="both backfills")
    assert house.told_of(ResyncRequested) == []


async def test_a_connection_that_cannot_be_read_is_not_resynced(house: House):
    ada = house.browser()
    await ada.sign_in(ADA)
    path = await ada.connected(ADA)
    assert problem(await ada.post(f"{path}/resync"))[0] == 409
    await ada.post(f"{path}/start")
    await house.report(path, HealthSignal.GRANT_LOST)
    await house.told_at(3)
    status, title = problem(await ada.post(f"{path}/resync"))
    assert (status, "reconnect_needed" in title) == (409, True)


async def test_a_calendar_of_an_account_that_is_lost_cannot_be_chosen(house: House):
    ada = house.browser()
    path = await _started(ada)
    house.town.answers["/internal/calendars"] = lambda: httpx.Response(
        409, json={"title": "lost", "reason": "auth_lost"}
    )
    status, title = problem(await ada.patch(path, json={"calendar_id": "team"}))
    assert (status, "reconnect" in title) == (409, True)
    assert problem(await ada.get(f"{path}/calendars"))[0] == 409
    assert (await ada.patch(path, json={"horizon_days": 9})).status_code == 200
