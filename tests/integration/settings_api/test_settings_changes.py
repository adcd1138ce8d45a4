"""PATCH of a connection: what is refused names its field, and nothing changes by halves."""

from typing import Any

import pytest
from tests.integration.settings_api.browser import Browser, refused
from tests.integration.settings_api.house import House

WRONG: list[tuple[dict[str, Any], str]] = [
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
    ({"calendar_id": "team", "events": "burn"}, "events"),
    ({"events": "remove"}, "events"),
    ({"events": "keep", "horizon_days": 20}, "events"),
]


@pytest.mark.rule("2.12")
async def test_a_wrong_change_names_its_field_and_changes_nothing(
    house: House, anna: Browser, connection: str, subtests: pytest.Subtests
):
    before = (await anna.get(connection)).json()
    for change, field in WRONG:
        with subtests.test(change=change):
            document = refused(await anna.patch(connection, json=change), 422, field)
            assert document["errors"][0]["field"].partition(".")[0] == field
            assert (await anna.get(connection)).json() == before
    assert len(await house.published()) == 1


async def test_a_body_that_is_no_object_is_refused(
    anna: Browser, connection: str, subtests: pytest.Subtests
):
    for body in (b"", b"[]", b"{", b"null", b'"paused"', b"[" * 20_000):
        with subtests.test(body=body[:9]):
            answer = await anna.patch(
                connection, content=body, headers={"content-type": "application/json"}
            )
            assert answer.status_code in {400, 422}
            refused(answer, answer.status_code)


@pytest.mark.rule("2.3")
async def test_all_types_can_be_unticked_and_all_ticked_again(anna: Browser, connection: str):
    choices: tuple[list[str] | None, ...] = ([], None)
    for types in choices:
        answer = await anna.patch(connection, json={"synced_types": types})
        assert answer.json()["settings"]["synced_types"] == types


async def test_a_check_that_cannot_be_made_changes_nothing(
    house: House, anna: Browser, connection: str
):
    house.town.down |= {"crm-ingest.test", "calendar-ingest.test"}
    for change in ({"calendar_id": "team"}, {"synced_types": ["call"]}):
        refused(await anna.patch(connection, json=change), 503)
    assert (await anna.patch(connection, json={"paused": True})).status_code == 200
    assert [one["revision"] for one in await house.published()] == [1, 2]
