"""Connecting an account: the proof of PKCE, what is refused at once, and its calendars."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.integration.settings_api.browser import Browser, refused
from tests.integration.settings_api.house import House

MAILBOX = "anna@gmail.com"


async def _nothing_left(house: House) -> None:
    """Only the Pipedrive credential of the sign-in is there, and nothing was told."""
    assert await house.count("settings.connections") == 0
    assert await house.count("credentials.credentials") == 1
    assert await house.published() == []


async def test_the_challenge_of_the_consent_page_is_proved_at_the_exchange(
    house: House, anna: Browser
):
    url = await anna.authorize_url(MAILBOX)
    query = {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}
    assert query["code_challenge_method"] == "S256"
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", query["code_challenge"])
    assert "https://www.googleapis.com/auth/calendar" in query["scope"].split()
    returned = house.town.consent(url, MAILBOX)
    house.town.codes[returned["code"]].challenge = "of-another-verifier"
    answer = await anna.get("/oauth/google/callback", params=returned)
    refused(answer, 400, "code")
    await _nothing_left(house)


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
            refused(await anna.post("/api/v1/connections", json=order), 422, words)


async def test_calendars_of_the_account_are_listed(anna: Browser, connection: str):
    items = (await anna.get(f"{connection}/calendars")).json()["items"]
    assert [(one["id"], one["primary"], one["writable"]) for one in items] == [
        ("holidays", False, False),
        ("work", True, True),
        ("team", False, True),
    ]
