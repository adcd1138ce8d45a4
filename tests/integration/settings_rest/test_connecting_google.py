"""Connecting a Google account: its first state, the proof of PKCE, whose round trip it is."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.integration.settings_rest.house import MAILBOX, Browser, House, problem


async def _nothing_left(house: House) -> None:
    """Only the Pipedrive credential of the sign-in is there, and nothing was told."""
    assert await house.count("settings.connections") == 0
    assert await house.count("credentials.credentials") == 1
    assert await house.published() == []


async def test_a_connected_account_is_told_of_and_waits_to_be_started(house: House, anna: Browser):
    answer = await anna.connect()
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    (shown,) = (await anna.get("/api/v1/connections")).json()["items"]
    assert (shown["email"], shown["provider"]) == (MAILBOX, "google")
    assert (shown["status"], shown["reconnect"]) == ("setting_up", [])
    assert shown["settings"] == {
        "calendar_id": "main",
        "direction": "two_way",
        "synced_types": None,
        "save_events_as": "meeting",
        "include_deal_contact_info": False,
        "private_events": "redact",
        "default_duration_minutes": 30,
        "invite_guests": False,
        "conflict_winner": "latest",
        "horizon_days": 90,
        "paused": False,
    }
    (told,) = await house.published()
    assert (told["kind"], told["connection_id"]) == ("connection_changed", shown["id"])
    assert (told["status"], told["revision"]) == ("setting_up", 1)
    assert told["user"] == {"company_id": 7, "user_id": 42}
    assert (told["owner_email"], told["owner_time_zone"]) == ("user42@example.com", "Europe/Oslo")
    assert await house.requests() == []


async def test_the_challenge_of_the_consent_page_is_proved_at_the_exchange(
    house: House, anna: Browser
):
    url = await anna.authorize_url()
    query = {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}
    assert query["code_challenge_method"] == "S256"
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", query["code_challenge"])
    assert (query["access_type"], query["prompt"]) == ("offline", "consent")
    assert query["login_hint"] == MAILBOX
    assert "https://www.googleapis.com/auth/calendar" in query["scope"].split()
    returned = house.town.consent(url, account=MAILBOX)
    house.town.challenges[returned["code"]] = "of-another-verifier"
    answer = await anna.get("/oauth/google/callback", params=returned)
    problem(answer, 400, "code")
    await _nothing_left(house)


async def test_a_round_trip_of_somebody_else_is_refused(house: House, anna: Browser):
    url = await anna.authorize_url()
    boris = await house.signed_in(7, 43)
    returned = house.town.consent(url, account=MAILBOX)
    problem(await boris.get("/oauth/google/callback", params=returned), 400, "state")
    assert house.town.calls("oauth.google.test") == []


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"email": "anna@unknown.example"}, "IMAP, POP and CalDAV"),
    ({"email": "anna@outlook.com"}, "Google"),
    ({"email": "anna@example.com", "provider": "exchange"}, "Google"),
    ({"email": "no address"}, "email"),
    ({"email": "a\u0000b@gmail.com"}, "email"),
    ({"email": 5}, "email"),
    ({}, "email"),
    ({"email": MAILBOX, "colour": "red"}, "colour"),
]


async def test_what_cannot_be_connected_is_refused_at_once(
    anna: Browser, subtests: pytest.Subtests
):
    for order, words in REFUSED:
        with subtests.test(order=order):
            problem(await anna.post("/api/v1/connections", json=order), 422, words)


async def test_calendars_of_the_account_are_listed(anna: Browser, connection: str):
    items = (await anna.get(f"{connection}/calendars")).json()["items"]
    assert [(one["id"], one["primary"], one["writable"]) for one in items] == [
        ("holidays", False, False),
        ("main", True, True),
        ("second", False, True),
    ]


async def test_a_user_may_have_several_accounts(house: House, anna: Browser, connection: str):
    other = await house.connected(anna, "second@gmail.com")
    assert other != connection.rpartition("/")[2]
    assert len((await anna.get("/api/v1/connections")).json()["items"]) == 2
