"""Changes of a connection: validated, saved at once, told in order, and never lost."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.integration.settings_api.front_desk import Browser, FrontDesk, until
from tests.integration.settings_api.vendors import problem

from tandem.contracts.connections import ConnectionChanged, ConnectionStatus, HealthSignal
from tandem.contracts.requests import BackfillRequested, ResyncRequested

ADA = "ada@north.example"


async def _started(browser: Browser) -> str:
    await browser.sign_in(ADA)
    return await browser.started(ADA)


async def test_every_setting_is_saved_at_once_and_told(desk: FrontDesk):
    changes: list[dict[str, Any]] = [
        {"synced_types": ["call", "lunch"]},
        {"synced_types": []},
        {"synced_types": None},
        {"save_events_as": "lunch"},
        {"include_deal_contact_info": True},
        {"private_events": "skip"},
        {"default_duration_minutes": 5},
        {"invite_guests": True},
        {"conflict_winner": "crm"},
        {"horizon_days": 366},
        {"calendar_id": "team"},
        {"paused": True},
        {"direction": "one_way", "horizon_days": 1},
    ]
    async with desk.service() as browsers:
        ada = browsers()
        path = await _started(ada)
        for revision, change in enumerate(changes, start=3):
            shown = (await ada.patch(path, json=change)).json()
            assert shown["revision"] == revision
            assert shown["settings"] | change == shown["settings"]
            assert (await ada.get(path)).json() == shown
            told = (await desk.told_at(revision)).settings.model_dump(mode="json")
            told["synced_types"] = told["synced_types"] and sorted(told["synced_types"])
            assert told | change == told
        assert shown["settings"]["save_events_as"] is None
        revisions = [one.revision for one in desk.told_of(ConnectionChanged)]
        assert revisions == list(range(1, 3 + len(changes)))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"calendar_id": "nowhere"}, "calendar_id"),
        ({"calendar_id": "holidays"}, "calendar_id"),
        ({"calendar_id": None}, "calendar_id"),
        ({"direction": "both"}, "direction"),
        ({"synced_types": ["call", "golf"]}, "synced_types"),
        ({"synced_types": "call"}, "synced_types"),
        ({"save_events_as": "golf"}, "save_events_as"),
        ({"save_events_as": "lunch", "direction": "one_way"}, "save_events_as"),
        ({"include_deal_contact_info": "yes"}, "include_deal_contact_info"),
        ({"private_events": "hide"}, "private_events"),
        ({"default_duration_minutes": 4}, "default_duration_minutes"),
        ({"default_duration_minutes": 30.5}, "default_duration_minutes"),
        ({"invite_guests": 1}, "invite_guests"),
        ({"conflict_winner": "me"}, "conflict_winner"),
        ({"horizon_days": 367}, "horizon_days"),
        ({"horizon_days": 91, "colour": "red"}, "colour"),
        ([], "body"),
        ("{", "body"),
    ],
)
async def test_a_wrong_setting_is_refused_by_name_and_nothing_changes(
    desk: FrontDesk, change: Any, field: str
):
    async with desk.service() as browsers:
        ada = browsers()
        await ada.sign_in(ADA)
        path = await ada.connected(ADA)
        body = {"content": change} if isinstance(change, str) else {"json": change}
        headers = {"content-type": "application/json"}
        answer = await ada.patch(path, headers=headers, **body)
        status, title = problem(answer)
        assert (status, title.partition(":")[0]) == (422, field)
        assert [one["field"] for one in answer.json()["errors"]] == [field]
        assert (await ada.get(path)).json()["revision"] == 1


async def test_what_events_are_saved_as_exists_in_two_way_only(desk: FrontDesk):
    async with desk.service() as browsers:
        ada = browsers()
        path = await _started(ada)
        await ada.patch(path, json={"direction": "one_way"})
        answer = await ada.patch(path, json={"save_events_as": "lunch"})
        assert problem(answer) == (422, "save_events_as: exists with direction two_way only")
        answer = await ada.patch(path, json={"direction": "two_way", "save_events_as": "lunch"})
        assert answer.json()["settings"]["save_events_as"] == "lunch"


async def test_a_type_that_was_switched_off_since_may_stay_chosen(desk: FrontDesk):
    async with desk.service() as browsers:
        ada = browsers()
        path = await _started(ada)
        await ada.patch(path, json={"synced_types": ["call", "lunch", "meeting"]})
        desk.vendors.types.remove("lunch")
        desk.clock.ahead += timedelta(minutes=2)
        answer = await ada.patch(path, json={"synced_types": ["call", "lunch"]})
        assert answer.json()["settings"]["synced_types"] == ["call", "lunch"]
        await ada.patch(path, json={"synced_types": ["call"]})
        assert problem(await ada.patch(path, json={"synced_types": ["lunch"]}))[0] == 422


async def test_two_tabs_that_change_different_settings_at_once_lose_nothing(desk: FrontDesk):
    async with desk.service() as browsers:
        tabs = [browsers(), browsers()]
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
        await desk.told_at(42)
        told = [one.revision for one in desk.told_of(ConnectionChanged)]
        assert told == list(range(1, 43))
        for tab in tabs:
            assert (await tab.get(path)).json()["settings"] == by_revision[42]


async def test_a_change_of_an_older_revision_is_refused_where_asked_for(desk: FrontDesk):
    async with desk.service() as browsers:
        ada = browsers()
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


async def test_a_change_that_changes_nothing_is_not_told(desk: FrontDesk):
    async with desk.service() as browsers:
        ada = browsers()
        path = await _started(ada)
        for change in ({}, {"horizon_days": 90}, {"calendar_id": "work"}, {"paused": False}):
            assert (await ada.patch(path, json=change)).json()["revision"] == 2
        assert (await ada.patch(path, json={"horizon_days": 91})).json()["revision"] == 3
        await desk.told_at(3)
        assert len(desk.told_of(ConnectionChanged)) == 3


async def test_starting_backfills_once(desk: FrontDesk):
    async with desk.service() as browsers:
        ada = browsers()
        path = await _started(ada)
        assert (await desk.told_at(2)).status is ConnectionStatus.ACTIVE
        again = await asyncio.gather(*(ada.post(f"{path}/start") for _ in range(3)))
        assert {answer.status_code for answer in again} == {200}
        await ada.post(f"{path}/resync")
        await until(lambda: desk.told_of(ResyncRequested), what="the resync")
        (backfill,) = desk.told_of(BackfillRequested)
        assert backfill.user.user_id == 42


async def test_another_calendar_is_backfilled_once_it_is_started(desk: FrontDesk):
    async with desk.service() as browsers:
        ada = browsers()
        await ada.sign_in(ADA)
        path = await ada.connected(ADA)
        await ada.patch(path, json={"calendar_id": "team"})
        assert (await ada.post(f"{path}/start")).json()["settings"]["calendar_id"] == "team"
        await ada.patch(path, json={"calendar_id": "work"})
        await until(lambda: len(desk.told_of(BackfillRequested)) == 2, what="both backfills")
        assert desk.told_of(ResyncRequested) == []


async def test_what_happened_in_a_pause_is_read_on_resuming(desk: FrontDesk):
    async with desk.service() as browsers:
        ada = browsers()
        path = await _started(ada)
        assert (await ada.post(f"{path}/pause")).json()["status"] == "paused"
        assert (await ada.post(f"{path}/pause")).json()["revision"] == 3
        assert (await ada.post(f"{path}/resume")).json()["status"] == "active"
        assert (await ada.post(f"{path}/resume")).json()["revision"] == 4
        await until(lambda: desk.told_of(ResyncRequested), what="the resync")
        await ada.patch(path, json={"paused": True})
        await ada.patch(path, json={"paused": False, "horizon_days": 91})
        await until(lambda: len(desk.told_of(ResyncRequested)) == 2, what="the other resync")
        assert len(desk.told_of(BackfillRequested)) == 1


async def test_settings_that_only_alter_the_policy_ask_for_no_reading(desk: FrontDesk):
    async with desk.service() as browsers:
        ada = browsers()
        path = await _started(ada)
        await ada.patch(path, json={"direction": "one_way", "synced_types": ["call"]})
        await ada.post(f"{path}/resync")
        await until(lambda: desk.told_of(ResyncRequested), what="the resync")
        assert len(desk.told_of(BackfillRequested)) == 1


async def test_a_connection_that_cannot_be_read_is_not_resynced(desk: FrontDesk):
    async with desk.service() as browsers:
        ada = browsers()
        await ada.sign_in(ADA)
        path = await ada.connected(ADA)
        assert problem(await ada.post(f"{path}/resync"))[0] == 409
        await ada.post(f"{path}/start")
        await desk.report(path, HealthSignal.GRANT_LOST)
        await desk.told_at(3)
        status, title = problem(await ada.post(f"{path}/resync"))
        assert (status, "reconnect_needed" in title) == (409, True)


async def test_a_calendar_of_an_account_that_is_lost_cannot_be_chosen(desk: FrontDesk):
    async with desk.service() as browsers:
        ada = browsers()
        path = await _started(ada)
        desk.vendors.answers["/internal/calendars"] = lambda: httpx.Response(
            409, json={"title": "lost", "reason": "auth_lost"}
        )
        status, title = problem(await ada.patch(path, json={"calendar_id": "team"}))
        assert (status, "reconnect" in title) == (409, True)
        assert problem(await ada.get(f"{path}/calendars"))[0] == 409
        assert (await ada.patch(path, json={"horizon_days": 9})).status_code == 200
