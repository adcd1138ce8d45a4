"""Connecting calendar accounts: the way there, the way back, and the same account again."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx
import pytest
from tests.integration.settings_api.browser import problem
from tests.integration.settings_api.house import ADA, BOB, House

from tandem.contracts.connections import (
    ConnectionChanged,
    ConnectionSettings,
    ConnectionStatus,
    HealthSignal,
)
from tandem.contracts.message import SyncUser
from tandem.contracts.requests import BackfillRequested, ResyncRequested
from tandem.runtime.credential_store import CredentialKind


@pytest.mark.rule("2.1")
async def test_a_google_calendar_is_connected_with_its_primary_calendar(house: House):
    ada = house.browser()
    await ada.sign_in(ADA)
    answer = await ada.post("/api/v1/connections", json={"email": "Ada@North.example"})
    assert answer.status_code == 202
    asked = dict(parse_qsl(urlsplit(answer.json()["authorize_url"]).query))
    assert asked["redirect_uri"] == "http://tandem.example/oauth/google/callback"
    assert asked["code_challenge_method"] == "S256"
    assert (asked["access_type"], asked["prompt"]) == ("offline", "consent")
    assert (asked["login_hint"], asked["response_type"]) == (ADA, "code")
    back = house.town.consent(answer.json()["authorize_url"], ADA)
    answer = await ada.get("/oauth/google/callback", params=back)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    told = await house.told_at(1)
    assert told.status is ConnectionStatus.SETTING_UP
    assert told.settings == ConnectionSettings(calendar_id="work")
    assert (told.email, told.owner_email) == (ADA, ADA)
    assert told.user == SyncUser(company_id=house.company, user_id=42)
    assert told.owner_time_zone == "Europe/Berlin"
    assert await house.requests() == []
    assert told.crm_api_url == "https://north.pipedrive.com"
    kept = {one.credential_id: one for one in await house.credentials()}
    assert kept[told.crm_credential_id].kind is CredentialKind.PIPEDRIVE
    calendar = kept[told.calendar_credential_id]
    assert (calendar.kind, calendar.account) == (CredentialKind.GOOGLE, ADA)
    assert calendar.refresh_token.get_secret_value().endswith(f"-of-{ADA}")
    shown = (await ada.get(f"/api/v1/connections/{told.connection_id}")).json()
    assert shown == {
        "id": str(told.connection_id),
        "provider": "google",
        "email": ADA,
        "status": "setting_up",
        "reconnect": [],
        "settings": {
            "calendar_id": "work",
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
        },
        "push": {
            "pipedrive": {"state": "unknown", "detail": ""},
            "calendar": {"state": "unknown", "detail": ""},
        },
        "last_synced": None,
        "revision": 1,
    }


async def test_another_account_than_asked_for_is_refused(house: House):
    ada = house.browser()
    await ada.sign_in(ADA)
    status, title = problem(await ada.connect(ADA, chosen="eve@north.example"))
    assert (status, f"another Google account than {ADA}" in title) == (400, True)
    assert (await ada.get("/api/v1/connections")).json() == {"items": []}
    assert len(await house.credentials()) == 1


async def test_spellings_of_a_gmail_address_are_one_account(house: House):
    ada = house.browser()
    await ada.sign_in(ADA)
    answer = await ada.connect("ada.love+work@googlemail.com", chosen="adalove@gmail.com")
    assert answer.status_code == 303
    (one,) = (await ada.get("/api/v1/connections")).json()["items"]
    assert one["email"] == "adalove@gmail.com"


@pytest.mark.parametrize("trouble", ["code", "scope", "no refresh", "calendars", "read-only"])
async def test_a_connection_that_fails_leaves_nothing(house: House, trouble: str):
    ada = house.browser()
    await ada.sign_in(ADA)
    match trouble:
        case "code":
            house.town.answers["/google/token"] = lambda: httpx.Response(400)
        case "scope":
            house.town.scopes = "openid email"
        case "no refresh":
            house.town.refresh_token = False
        case "calendars":
            house.town.answers["/internal/calendars"] = lambda: httpx.Response(503)
        case "read-only":
            house.town.calendars = house.town.calendars[:1]
    status, _ = problem(await ada.connect(ADA))
    assert status == {"calendars": 503, "read-only": 422}.get(trouble, 400)
    assert (await ada.get("/api/v1/connections")).json() == {"items": []}
    assert len(await house.credentials()) == 1
    assert house.told == []


async def test_a_mailbox_that_is_not_in_the_cloud_is_told_how_to_connect(house: House):
    ada = house.browser()
    await ada.sign_in(ADA)
    sentence = "account: its mailbox is at an Exchange server"
    house.town.answers["/internal/calendars"] = lambda: httpx.Response(
        422, json={"title": sentence, "reason": "on_premises"}
    )
    assert problem(await ada.connect(ADA)) == (422, sentence)
    assert (await ada.get("/api/v1/connections")).json() == {"items": []}


async def test_only_the_browser_that_began_a_connection_ends_it(house: House):
    ada, bob, stranger = house.browser(), house.browser(), house.browser()
    await ada.sign_in(ADA)
    await bob.sign_in(BOB)

    async def departed() -> dict[str, str]:
        answer = await ada.post("/api/v1/connections", json={"email": ADA})
        return house.town.consent(answer.json()["authorize_url"], ADA)

    for other in (bob, stranger):
        answer = await other.get("/oauth/google/callback", params=await departed())
        assert problem(answer)[0] == 400
    assert house.town.calls("oauth.google.test") == []
    back = await departed()
    ada.cookies.delete("tandem_session")
    await ada.sign_in(BOB)
    status, title = problem(await ada.get("/oauth/google/callback", params=back))
    assert (status, "somebody else is signed in" in title) == (400, True)
    assert await house.query("SELECT 1 FROM settings.connections") == []


async def test_a_program_with_an_api_token_connects_where_it_keeps_the_cookie(house: House):
    ada, program = house.browser(), house.browser()
    await ada.sign_in(ADA)
    token = (await ada.post("/api/v1/tokens", json={"name": "robot"})).json()["token"]
    program.headers["authorization"] = f"Bearer {token}"
    assert (await program.connect(ADA)).status_code == 303
    answer = await program.post("/api/v1/connections", json={"email": BOB})
    back = house.town.consent(answer.json()["authorize_url"], BOB)
    victim = await house.browser().get("/oauth/google/callback", params=back)
    assert problem(victim)[0] == 400


async def test_a_state_of_google_is_not_good_for_pipedrive_nor_twice_nor_late(house: House):
    ada = house.browser()
    await ada.sign_in(ADA)

    async def departed() -> dict[str, str]:
        answer = await ada.post("/api/v1/connections", json={"email": ADA})
        return house.town.consent(answer.json()["authorize_url"], ADA)

    back = await departed()
    assert problem(await ada.get("/oauth/pipedrive/callback", params=back))[0] == 400
    assert (await ada.get("/oauth/google/callback", params=back)).status_code == 303
    assert problem(await ada.get("/oauth/google/callback", params=back))[0] == 400
    back = await departed()
    house.clock.ahead += timedelta(minutes=11)
    assert problem(await ada.get("/oauth/google/callback", params=back))[0] == 400
    back = await departed()
    denied = {"state": back["state"], "error": "access_denied"}
    assert problem(await ada.get("/oauth/google/callback", params=denied))[0] == 400
    assert len((await ada.get("/api/v1/connections")).json()["items"]) == 1


async def test_the_same_account_connected_again_keeps_the_connection_and_reads_again(
    house: House,
):
    ada = house.browser()
    await ada.sign_in(ADA)
    path = await ada.started(ADA)
    await ada.patch(path, json={"default_duration_minutes": 45})
    before = {one.kind: one for one in await house.credentials()}
    await house.report(path, HealthSignal.GRANT_LOST)
    assert (await house.told_at(4)).status is ConnectionStatus.RECONNECT_NEEDED
    assert (await ada.get(path)).json()["reconnect"] == ["google"]
    assert (await ada.connect(ADA)).status_code == 303
    mended = await house.told_at(5)
    assert mended.status is ConnectionStatus.ACTIVE
    assert mended.connection_id == UUID(path.rpartition("/")[2])
    assert mended.settings.default_duration_minutes == 45
    after = {one.kind: one for one in await house.credentials()}
    assert len(after) == 2
    assert after[CredentialKind.GOOGLE].credential_id == mended.calendar_credential_id
    assert after[CredentialKind.GOOGLE].refresh_token != (
        before[CredentialKind.GOOGLE].refresh_token
    )
    assert len(house.told_of(BackfillRequested)) == 1
    assert len(house.told_of(ResyncRequested)) == 1


async def test_a_connection_that_was_paused_is_paused_after_it_was_connected_again(
    house: House,
):
    ada = house.browser()
    await ada.sign_in(ADA)
    path = await ada.started(ADA)
    await ada.post(f"{path}/pause")
    await house.report(path, HealthSignal.GRANT_LOST)
    await house.told_at(4)
    await ada.connect(ADA)
    assert (await house.told_at(5)).status is ConnectionStatus.PAUSED


async def test_the_same_account_may_serve_two_users(house: House):
    ada, bob = house.browser(), house.browser()
    await ada.sign_in(ADA)
    await bob.sign_in(BOB)
    assert await ada.connected(ADA) != await bob.connected(ADA)
    assert len(await house.credentials()) == 4


async def test_a_user_has_at_most_ten_connections(house: House):
    ada = house.browser()
    await ada.sign_in(ADA)
    for number in range(10):
        await ada.connected(f"ada{number}@north.example")
    assert len((await ada.get("/api/v1/connections")).json()["items"]) == 10
    answer = await ada.post("/api/v1/connections", json={"email": "more@north.example"})
    assert problem(answer)[0] == 409
    assert (await ada.connect("ada3@north.example")).status_code == 303
    assert len({one.connection_id for one in house.told_of(ConnectionChanged)}) <= 10
