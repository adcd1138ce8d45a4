"""PATCH of a connection: every setting by itself, checked, saved at once, told once."""

import asyncio
from typing import Any

import pytest
from tests.integration.settings_rest.house import Browser, House, problem

EACH_SETTING = [
    ("calendar_id", "second"),
    ("direction", "one_way"),
    ("synced_types", ["call", "lunch"]),
    ("save_events_as", "lunch"),
    ("include_deal_contact_info", True),
    ("private_events", "skip"),
    ("private_events", "full"),
    ("default_duration_minutes", 45),
    ("invite_guests", True),
    ("conflict_winner", "calendar"),
    ("horizon_days", 30),
    ("paused", True),
]


async def test_each_setting_changes_alone_and_is_told(house: House, anna: Browser, connection: str):
    for number, (name, value) in enumerate(EACH_SETTING, start=2):
        before = (await anna.get(connection)).json()["settings"]
        answer = await anna.patch(connection, json={name: value})
        assert answer.status_code == 200, answer.text
        hidden = (
            {"save_events_as"} if answer.json()["settings"]["direction"] == "one_way" else set()
        )
        after = answer.json()["settings"]
        assert after[name] == value
        assert {key: kept for key, kept in after.items() if key not in {name, *hidden}} == {
            key: kept for key, kept in before.items() if key not in {name, *hidden}
        }
        assert (await anna.get(connection)).json()["settings"] == after
        told = (await house.published())[-1]
        assert told["revision"] == answer.json()["revision"] == number
        kept = told["settings"][name]
        assert (sorted(kept) if isinstance(kept, list) else kept) == value
        if name == "direction":
            await anna.patch(connection, json={"direction": "two_way"})
            await house.query("UPDATE settings.connections SET revision = revision - 1")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"calendar_id": 5}, "calendar_id"),
        ({"calendar_id": None}, "calendar_id"),
        ({"calendar_id": ""}, "calendar_id"),
        ({"direction": "sideways"}, "direction"),
        ({"direction": True}, "direction"),
        ({"synced_types": "call"}, "synced_types"),
        ({"synced_types": {"call": True}}, "synced_types"),
        ({"synced_types": [1]}, "synced_types"),
        ({"save_events_as": None}, "save_events_as"),
        ({"save_events_as": 1}, "save_events_as"),
        ({"include_deal_contact_info": 1}, "include_deal_contact_info"),
        ({"include_deal_contact_info": "true"}, "include_deal_contact_info"),
        ({"private_events": "hide"}, "private_events"),
        ({"default_duration_minutes": "30"}, "default_duration_minutes"),
        ({"default_duration_minutes": 30.0}, "default_duration_minutes"),
        ({"default_duration_minutes": True}, "default_duration_minutes"),
        ({"default_duration_minutes": 4}, "default_duration_minutes"),
        ({"default_duration_minutes": 1440}, "default_duration_minutes"),
        ({"invite_guests": "yes"}, "invite_guests"),
        ({"invite_guests": 0}, "invite_guests"),
        ({"conflict_winner": "nobody"}, "conflict_winner"),
        ({"horizon_days": 0}, "horizon_days"),
        ({"horizon_days": 367}, "horizon_days"),
        ({"horizon_days": False}, "horizon_days"),
        ({"paused": None}, "paused"),
        ({"paused": "false"}, "paused"),
        ({"synced_types": ["juggling"]}, "synced_types"),
        ({"save_events_as": "juggling"}, "save_events_as"),
        ({"calendar_id": "nowhere"}, "calendar_id"),
        ({"calendar_id": "holidays"}, "calendar_id"),
        ({"direction": "one_way", "save_events_as": "lunch"}, "save_events_as"),
        ({"paused": True, "horizon_days": 0}, "horizon_days"),
    ],
)
async def test_a_wrong_change_names_its_field_and_changes_nothing(
    house: House, anna: Browser, connection: str, change: dict[str, Any], field: str
):
    before = (await anna.get(connection)).json()
    document = problem(await anna.patch(connection, json=change), 422, field)
    assert document["errors"][0]["field"].partition(".")[0] == field
    assert (await anna.get(connection)).json() == before
    assert len(await house.published()) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b'"paused"', b"[" * 20_000])
async def test_a_body_that_is_no_object_is_refused(anna: Browser, connection: str, body: bytes):
    answer = await anna.patch(
        connection, content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code in {400, 422}
    problem(answer, answer.status_code)


async def test_a_type_of_events_cannot_be_chosen_while_one_way(anna: Browser, connection: str):
    shown = await anna.patch(connection, json={"direction": "one_way"})
    assert shown.json()["settings"]["save_events_as"] is None
    problem(await anna.patch(connection, json={"save_events_as": "lunch"}), 422, "save_events_as")
    both = {"direction": "two_way", "save_events_as": "lunch"}
    assert (await anna.patch(connection, json=both)).status_code == 200


async def test_all_types_can_be_unticked_and_all_ticked_again(anna: Browser, connection: str):
    choices: tuple[list[str] | None, ...] = ([], None)
    for types in choices:
        answer = await anna.patch(connection, json={"synced_types": types})
        assert answer.json()["settings"]["synced_types"] == types


async def test_what_is_as_it_was_is_not_told(house: House, anna: Browser, connection: str):
    for change in ({}, {"horizon_days": 90}, {"calendar_id": "main"}):
        assert (await anna.patch(connection, json=change)).status_code == 200
    assert [one["revision"] for one in await house.published()] == [1]


async def test_a_change_of_an_older_revision_is_refused(
    house: House, anna: Browser, connection: str
):
    first = await anna.patch(connection, json={"horizon_days": 30}, headers={"if-match": '"1"'})
    assert first.json()["revision"] == 2
    late = await anna.patch(connection, json={"horizon_days": 60}, headers={"if-match": '"1"'})
    problem(late, 412, '"2"')
    assert (await anna.get(connection)).json()["settings"]["horizon_days"] == 30


async def test_changes_of_two_browsers_at_once_are_both_kept(
    house: House, anna: Browser, connection: str
):
    other = await house.signed_in(admin=True)
    for round_number in range(1, 6):
        days, minutes = 10 + round_number, 20 + round_number
        answers = await asyncio.gather(
            anna.patch(connection, json={"horizon_days": days}),
            other.patch(connection, json={"default_duration_minutes": minutes}),
        )
        assert [one.status_code for one in answers] == [200, 200]
        kept = (await anna.get(connection)).json()["settings"]
        assert (kept["horizon_days"], kept["default_duration_minutes"]) == (days, minutes)
    revisions = [one["revision"] for one in await house.published()]
    assert revisions == list(range(1, 12))


async def test_a_check_that_cannot_be_made_changes_nothing(
    house: House, anna: Browser, connection: str
):
    house.town.down |= {"crm-ingest.test", "calendar-ingest.test"}
    for change in ({"calendar_id": "second"}, {"synced_types": ["call"]}):
        problem(await anna.patch(connection, json=change), 503)
    assert (await anna.patch(connection, json={"paused": True})).status_code == 200
    assert [one["revision"] for one in await house.published()] == [1, 2]
