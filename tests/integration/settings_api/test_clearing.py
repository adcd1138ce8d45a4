"""Events that we made are removed where their owner wants it: over REST, and on the page."""

import json
from typing import Any

import pytest
from tests.integration.settings_api.browser import CSRF, Browser, refused
from tests.integration.settings_api.house import House

from tandem.contracts.connections import ConnectionChanged

RING = {
    "side": "calendar",
    "verb": "delete",
    "title": "Ring them",
    "start": "2026-03-04T09:00:00+00:00",
    "reason": "type_not_synced",
}


def _removals(count: int) -> dict[str, Any]:
    return {"counts": {"delete_event": count}, "items": [RING], "truncated": count > 1}


def _page_of(path: str) -> str:
    return path.removeprefix("/api/v1")


def _form(browser: Browser, **fields: Any) -> dict[str, Any]:
    return {"csrf_token": browser.headers[CSRF], **fields}


@pytest.mark.rule("2.13")
async def test_events_of_unticked_types_are_shown_and_removed_by_the_reconciler(
    house: House, anna: Browser, connection: str
):
    house.town.unticked = _removals(3)
    shown = (await anna.get(f"{connection}/unticked")).json()
    assert (shown["counts"], shown["truncated"]) == ({"delete_event": 3}, True)
    assert [one["title"] for one in shown["items"]] == ["Ring them"]
    asked = f"/internal{connection.removeprefix('/api/v1')}/unticked/remove"
    assert house.town.paths(asked) == []
    answer = await anna.post(f"{connection}/unticked/remove")
    assert (answer.status_code, len(house.town.paths(asked))) == (202, 1)
    house.town.refusals["reconciler.test"] = 409
    refused(await anna.post(f"{connection}/unticked/remove"), 409, "resume or reconnect")


async def test_a_removal_that_is_sent_again_is_ordered_once(
    house: House, anna: Browser, connection: str
):
    key = {"idempotency-key": "remove-1"}
    for _ in range(2):
        assert (await anna.post(f"{connection}/unticked/remove", headers=key)).status_code == 202
    asked = f"/internal{connection.removeprefix('/api/v1')}/unticked/remove"
    assert len(house.town.paths(asked)) == 1


@pytest.mark.rule("2.13")
async def test_the_page_offers_to_remove_events_of_unticked_types_without_any_script(
    house: House, anna: Browser
):
    page = _page_of(path := await anna.started("anna@gmail.com"))
    link = f'href="{page}/unticked"'
    assert link not in (await anna.get(page)).text
    await anna.patch(path, json={"synced_types": ["meeting"]})
    assert link in (await anna.get(page)).text
    assert "<form method" not in (await _main(anna, f"{page}/unticked"))
    house.town.unticked = _removals(3)
    offered = await _main(anna, f"{page}/unticked")
    assert "Ring them" in offered
    assert "Remove the 3 events already there" in offered
    anna.cookies.set("tandem_language", "sv")
    assert "Ta bort de 3 händelser som redan finns" in await _main(anna, f"{page}/unticked")
    answer = await anna.post(f"{page}/unticked", data=_form(anna))
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    assert len(house.town.paths(f"/internal{page}/unticked/remove")) == 1


@pytest.mark.rule("2.19")
async def test_what_becomes_of_the_events_in_the_former_calendar_is_told_with_the_new_one(
    house: House, anna: Browser
):
    path = await anna.started("anna@gmail.com")
    await anna.patch(path, json={"calendar_id": "team", "events": "remove"})
    await anna.patch(path, json={"horizon_days": 20})
    await anna.patch(path, json={"calendar_id": "team", "events": "keep"})
    await anna.patch(path, json={"calendar_id": "work"})
    await house.told_at(5)
    told = [
        (one.settings.calendar_id, one.remove_events) for one in house.told_of(ConnectionChanged)
    ]
    assert told == [
        ("work", False),
        ("work", False),
        ("team", True),
        ("team", True),
        ("work", False),
    ]


async def test_a_former_calendar_is_not_cleared_while_nothing_may_be_written(
    house: House, anna: Browser
):
    path = await anna.started("anna@gmail.com")
    await anna.post(f"{path}/pause")
    change = {"calendar_id": "team", "events": "remove"}
    refused(await anna.patch(path, json=change), 409, "resume or reconnect")
    assert (await anna.get(path)).json()["settings"]["calendar_id"] == "work"
    assert (await anna.patch(path, json=change | {"events": "keep"})).status_code == 200


@pytest.mark.rule("2.19")
@pytest.mark.parametrize("headers", [{}, {"hx-request": "true"}], ids=["plain", "scripted"])
@pytest.mark.parametrize("events", ["keep", "remove"])
async def test_the_page_asks_what_becomes_of_the_events_before_it_takes_another_calendar(
    house: House, anna: Browser, events: str, headers: dict[str, str]
):
    page = _page_of(path := await anna.started("anna@gmail.com"))
    house.town.preview = _removals(1)
    chosen = _form(anna, setting="calendar_id", calendar_id="team")
    question = await anna.post(f"{page}/settings", data=chosen, headers=headers)
    assert 'name="events" value="remove"' in question.text
    assert "Ring them" in question.text
    assert (question.headers.get("hx-retarget") == "body") is bool(headers)
    asked = json.loads(house.town.paths(f"/internal{page}/preview")[-1].content)
    assert (asked["settings"]["calendar_id"], asked["remove_events"]) == ("team", True)
    assert (await anna.get(path)).json()["settings"]["calendar_id"] == "work"
    answered = chosen | {"events": events, "confirmed": "1"}
    answer = await anna.post(f"{page}/settings", data=answered)
    assert answer.status_code == 303
    await house.told_at(3)
    told = house.told_of(ConnectionChanged)[-1]
    assert (told.settings.calendar_id, told.remove_events) == ("team", events == "remove")


async def test_another_calendar_is_taken_at_once_where_we_made_nothing_in_the_former_one(
    anna: Browser,
):
    page = _page_of(path := await anna.started("anna@gmail.com"))
    chosen = _form(anna, setting="calendar_id", calendar_id="team")
    assert (await anna.post(f"{page}/settings", data=chosen)).status_code == 303
    assert (await anna.get(path)).json()["settings"]["calendar_id"] == "team"


async def _main(browser: Browser, page: str) -> str:
    """What a page is about."""
    answer = await browser.get(page)
    assert answer.status_code == 200, answer.text
    return answer.text.partition("<main")[2].partition("</main")[0]
