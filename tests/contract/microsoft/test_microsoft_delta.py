"""Rounds of changes: a window that stays, pages, what was removed, and tokens that expire."""

from typing import Any

import pytest
from tests.contract.microsoft.clients import Person, asked, at, known, refused
from tests.contract.microsoft.test_microsoft_events import weekly

PAGES_OF_TWO = "odata.maxpagesize=2"


async def _first(anna: Person, *prefer: str) -> Any:
    delta = anna.me.calendar_view.delta
    wanted = asked(
        delta,
        "DeltaRequestBuilderGetQueryParameters",
        *prefer,
        start_date_time="2027-06-01T00:00:00Z",
        end_date_time="2027-07-01T00:00:00Z",
    )
    return await delta.get(request_configuration=wanted)


async def _after(anna: Person, link: str, *prefer: str) -> Any:
    delta = anna.me.calendar_view.delta.with_url(link)
    return await delta.get(
        request_configuration=asked(delta, "DeltaRequestBuilderGetQueryParameters", *prefer)
    )


async def _round(anna: Person, link: str) -> tuple[list[Any], str]:
    page = await _after(anna, link)
    assert page.odata_next_link is None
    return page.value, page.odata_delta_link


def _removed(entry: Any) -> bool:
    return "@removed" in entry.additional_data


async def test_a_round_gives_the_window_and_the_next_one_only_what_changed(anna: Person):
    made = [await anna.make(f"Event {number}") for number in range(3)]
    await anna.make("In another month", **at("2027-08-01T10:00:00", "2027-08-01T11:00:00"))
    page = await _first(anna, PAGES_OF_TWO)
    found = list(page.value)
    assert (len(found), page.odata_delta_link) == (2, None)
    page = await _after(anna, page.odata_next_link, PAGES_OF_TWO)
    found += page.value
    assert [known(one).subject for one in found] == ["Event 0", "Event 1", "Event 2"]
    nothing, link = await _round(anna, page.odata_delta_link)
    assert nothing == []
    await anna.change(made[0].id, subject="Changed")
    await anna.me.events.by_event_id(made[1].id).delete()
    changed, _ = await _round(anna, link)
    assert [(one.id, _removed(one)) for one in changed] == [
        (made[0].id, False),
        (made[1].id, True),
    ]
    assert changed[1].additional_data["@removed"] == {"reason": "deleted"}


async def test_a_change_outside_of_the_window_is_told_as_removed_though_it_is_there(anna: Person):
    inside = await anna.make("Moves out")
    page = await _first(anna)
    other = await anna.make("Elsewhere", **at("2027-08-01T10:00:00", "2027-08-01T11:00:00"))
    await anna.change(inside.id, **at("2027-08-02T10:00:00", "2027-08-02T11:00:00"))
    told, _ = await _round(anna, page.odata_delta_link)
    assert [(one.id, _removed(one)) for one in told] == [(other.id, True), (inside.id, True)]
    assert (await anna.get(inside.id)).subject == "Moves out"


async def test_a_series_comes_with_its_occurrences_and_with_what_it_has_lost(anna: Person):
    span = at("2027-06-01T10:00:00", "2027-06-01T11:00:00")
    made = await anna.make("Weekly", recurrence=weekly(3), **span)
    page = await _first(anna)
    master, *occurrences = page.value
    assert (master.id, len(occurrences)) == (made.id, 3)
    assert {one.series_master_id for one in occurrences} == {made.id}
    assert {one.subject for one in occurrences} == {None}
    await anna.change(made.id, recurrence=weekly(2))
    told, link = await _round(anna, page.odata_delta_link)
    assert [one.id for one in told if _removed(one)] == [occurrences[2].id]
    await anna.me.events.by_event_id(made.id).delete()
    told, _ = await _round(anna, link)
    assert made.id in {one.id for one in told if _removed(one)}


async def test_an_expired_token_says_where_to_begin_again(anna: Person, world):
    link = (await _first(anna)).odata_delta_link
    world.microsoft.expire_delta_tokens()
    with refused(410, "syncStateNotFound"):
        await _after(anna, link)
    answer = await anna.raw("GET", link)
    assert answer.headers["location"].endswith("?$deltatoken=")


@pytest.mark.parametrize("parameter", ["$select=subject", "$filter=isAllDay eq true", "$expand=x"])
async def test_a_round_cannot_be_narrowed(anna: Person, parameter: str):
    window = "startDateTime=2027-06-01T00:00:00Z&endDateTime=2027-07-01T00:00:00Z"
    answer = await anna.raw("GET", f"/me/calendarView/delta?{window}&{parameter}")
    assert answer.status_code == 400


async def test_a_restart_keeps_rounds_and_transactions(anna: Person, world, stage):
    first = await anna.make("Kept", transaction_id="t-1")
    link = (await _first(anna)).odata_delta_link
    await anna.make("Later")
    again = type(world)(world.settings)
    again.load(world.dump())
    server, _ = stage
    with server.showing(again):
        told, _ = await _round(anna, link)
        assert [one.subject for one in told] == ["Later"]
        assert (await anna.make("Kept", transaction_id="t-1")).id == first.id
