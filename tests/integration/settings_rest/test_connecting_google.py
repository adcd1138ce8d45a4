"""Connecting a Google account: PKCE, the right account, and nothing left behind where it fails."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.integration.settings_rest.house import MAILBOX, Browser, House, problem
from tests.integration.settings_rest.neighbourhood import CALENDARS

from tandem.contracts.connections import HealthSignal


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


async def test_another_account_than_asked_for_leaves_nothing_behind(house: House, anna: Browser):
    answer = await anna.connect(MAILBOX, account="private@gmail.com")
    assert MAILBOX in problem(answer, 400)["title"]
    await _nothing_left(house)


async def test_the_case_of_an_address_does_not_matter(house: House, anna: Browser):
    answer = await anna.connect("Anna@Gmail.com", account="ANNA@gmail.com")
    assert answer.status_code == 303
    (shown,) = (await anna.get("/api/v1/connections")).json()["items"]
    assert shown["email"] == MAILBOX


async def test_a_grant_without_a_refresh_token_leaves_nothing_behind(house: House, anna: Browser):
    house.town.refresh_token = ""
    problem(await anna.connect(), 400, "lasting permission")
    await _nothing_left(house)


async def test_unreadable_calendars_leave_nothing_behind(house: House, anna: Browser):
    house.town.down.add("calendar-ingest.test")
    problem(await anna.connect(), 503)
    await _nothing_left(house)


async def test_an_account_without_a_writable_calendar_leaves_nothing_behind(
    house: House, anna: Browser
):
    house.town.calendars = [one for one in CALENDARS if not one["writable"]]
    problem(await anna.connect(), 422, "calendar")
    await _nothing_left(house)


async def test_a_round_trip_of_somebody_else_is_refused(house: House, anna: Browser):
    url = await anna.authorize_url()
    boris = await house.signed_in(7, 43)
    returned = house.town.consent(url, account=MAILBOX)
    problem(await boris.get("/oauth/google/callback", params=returned), 400, "state")
    assert house.town.calls("oauth.google.test") == []


async def test_a_program_begins_and_the_user_s_browser_finishes(house: House, anna: Browser):
    token = (await anna.post("/api/v1/tokens", json={"name": "script"})).json()["token"]
    program = house.browser()
    begun = await program.post(
        "/api/v1/connections",
        json={"email": MAILBOX},
        headers={"authorization": f"Bearer {token}"},
    )
    assert begun.status_code == 202
    returned = house.town.consent(begun.json()["authorize_url"], account=MAILBOX)
    boris = await house.signed_in(7, 43)
    stranger = await boris.get("/oauth/google/callback", params=returned)
    assert stranger.status_code == 400
    assert await house.count("settings.connections") == 0


async def test_the_same_account_again_mends_its_connection_and_keeps_it(
    house: House, anna: Browser, connection: str
):
    await anna.post(f"{connection}/start")
    before = (await anna.get(connection)).json()
    await house.report(before["id"], "calendar-ingest", HealthSignal.GRANT_LOST)
    await house.status_becomes(anna, connection, "reconnect_needed")
    assert (await anna.get(connection)).json()["reconnect"] == ["google"]
    asked = await house.requests()
    assert await house.connected(anna) == before["id"]
    after = (await anna.get(connection)).json()
    assert (after["status"], after["reconnect"]) == ("active", [])
    assert after["settings"] == before["settings"]
    assert (await house.requests())[len(asked) :] == ["resync_requested"]
    assert (await house.published())[-1]["status"] == "active"
    assert await house.count("settings.connections") == 1
    assert await house.count("credentials.credentials") == 2


async def test_signing_in_again_mends_a_lost_pipedrive(
    house: House, anna: Browser, connection: str
):
    await anna.post(f"{connection}/start")
    await house.report(connection.rpartition("/")[2], "crm-ingest", HealthSignal.GRANT_LOST)
    await house.status_becomes(anna, connection, "reconnect_needed")
    assert (await anna.get(connection)).json()["reconnect"] == ["pipedrive"]
    asked = await house.requests()
    await house.signed_in()
    assert (await anna.get(connection)).json()["status"] == "active"
    assert (await house.requests())[len(asked) :] == ["resync_requested"]


async def test_a_new_time_zone_of_the_owner_is_told_at_his_next_sign_in(
    house: House, anna: Browser, connection: str
):
    revision = (await house.published())[-1]["revision"]
    await house.signed_in(timezone_name="Asia/Tokyo", email="new@example.com")
    told = (await house.published())[-1]
    assert (told["owner_time_zone"], told["owner_email"]) == ("Asia/Tokyo", "new@example.com")
    assert told["revision"] > revision


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"email": "anna@unknown.example"}, "IMAP, POP and CalDAV"),
        ({"email": "anna@outlook.com"}, "Google"),
        ({"email": "anna@example.com", "provider": "exchange"}, "Google"),
        ({"email": "no address"}, "email"),
        ({"email": "a\u0000b@gmail.com"}, "email"),
        ({"email": 5}, "email"),
        ({}, "email"),
        ({"email": MAILBOX, "colour": "red"}, "colour"),
    ],
)
async def test_what_cannot_be_connected_is_refused_at_once(anna: Browser, order, words):
    problem(await anna.post("/api/v1/connections", json=order), 422, words)


async def test_a_google_workspace_domain_is_named_by_its_user(house: House, anna: Browser):
    order = {"email": "anna@unknown.example", "provider": "google"}
    assert (await anna.post("/api/v1/connections", json=order)).status_code == 202


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
