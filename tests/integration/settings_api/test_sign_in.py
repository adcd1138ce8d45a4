"""Sign-in with Pipedrive: whom it lets in, what it keeps, and that a failed one leaves nothing."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from tests.integration.settings_api.browser import CSRF, problem
from tests.integration.settings_api.house import ADA, BOB, House
from tests.integration.settings_api.town import API_URL, CLIENT

from tandem.contracts.connections import ConnectionChanged, ConnectionStatus, HealthSignal
from tandem.contracts.requests import ResyncRequested

CALLBACK = "/oauth/pipedrive/callback"
APP = CLIENT["pipedrive"]


async def test_a_user_of_pipedrive_is_signed_in(house: House):
    ada = house.browser()
    start = await ada.get("/oauth/pipedrive/start")
    query = dict(parse_qsl(urlsplit(start.headers["location"]).query))
    assert start.status_code == 302
    assert query["client_id"] == "client"
    assert query["redirect_uri"] == "http://tandem.example/oauth/pipedrive/callback"
    answer = await ada.sign_in(ADA)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    me = (await ada.get("/api/v1/me")).json()
    assert me.pop("csrf_token") == ada.cookies["tandem_csrf"]
    assert me == {
        "company_id": house.company,
        "company_name": f"Company {house.company}",
        "user_id": 42,
        "email": ADA,
        "name": "Ada",
        "time_zone": "Europe/Berlin",
        "locale": "de_DE",
        "is_admin": False,
    }
    (kept,) = await house.credentials()
    assert (kept.kind, kept.account, kept.api_url) == ("pipedrive", f"{house.company}:42", API_URL)
    assert kept.access_token.get_secret_value() == f"access-{ADA}"
    assert "Sign out" in (await ada.get("/")).text


async def test_no_secret_is_kept_readable(house: House):
    ada = house.browser()
    await ada.sign_in(ADA)
    answer = await ada.post("/api/v1/connections", json={"email": ADA})
    token = (await ada.post("/api/v1/tokens", json={"name": "robot"})).json()["token"]
    query = dict(parse_qsl(urlsplit(answer.json()["authorize_url"]).query))
    rows = await house.query(
        "SELECT t::text AS row FROM settings.oauth_states t"
        " UNION ALL SELECT t::text FROM settings.sessions t"
        " UNION ALL SELECT t::text FROM settings.api_tokens t"
        " UNION ALL SELECT t::text FROM settings.users t"
        " UNION ALL SELECT t::text FROM credentials.credentials t"
    )
    everything = " ".join(row["row"] for row in rows)
    for secret in (
        query["state"],
        token,
        ada.cookies["tandem_session"],
        ada.cookies["tandem_browser"],
        "access-ada",
        "refresh-code",
    ):
        assert secret not in everything
        assert secret.encode().hex() not in everything


async def test_a_state_is_good_once_in_its_own_browser_for_ten_minutes(house: House):
    ada = house.browser()

    async def departed() -> dict[str, str]:
        start = await ada.get("/oauth/pipedrive/start")
        return house.town.consent(start.headers["location"], ADA)

    elsewhere = await house.browser().get(CALLBACK, params=await departed())
    assert problem(elsewhere) == (
        400,
        "state: it began in another browser; start again in this one",
    )
    back = await departed()
    wrong = await ada.get(CALLBACK, params=back | {"state": "wrong"})
    assert problem(wrong)[1].startswith("state: it is unknown, used or too old")
    assert (await ada.get(CALLBACK, params={"code": back["code"]})).status_code == 400
    assert await house.credentials() == []
    assert (await ada.get(CALLBACK, params=back)).status_code == 303
    assert problem(await ada.get(CALLBACK, params=back))[0] == 400
    back = await departed()
    house.clock.ahead += timedelta(minutes=11)
    assert problem(await ada.get(CALLBACK, params=back))[0] == 400
    assert len(house.town.paths("/pipedrive/token")) == 1


async def test_two_tabs_of_a_browser_may_sign_in_at_once(house: House):
    ada = house.browser()
    starts = [await ada.get("/oauth/pipedrive/start") for _ in range(2)]
    for start in starts:
        back = house.town.consent(start.headers["location"], ADA)
        assert (await ada.get(CALLBACK, params=back)).status_code == 303


async def test_a_refused_permission_changes_nothing_and_ends_the_round_trip(house: House):
    ada = house.browser()
    start = await ada.get("/oauth/pipedrive/start")
    back = house.town.consent(start.headers["location"], ADA)
    denied = await ada.get(CALLBACK, params={"state": back["state"], "error": "user_denied"})
    assert problem(denied) == (400, "the permission was not given; nothing was changed")
    assert problem(await ada.get(CALLBACK, params=back))[0] == 400
    assert await house.query("SELECT 1 FROM settings.users") == []
    assert house.town.asked == []


@pytest.mark.parametrize(
    ("trouble", "status", "said"),
    [
        ("code", 400, "code: the provider refused it"),
        ("down", 503, "the provider does not answer"),
        ("unreachable", 503, "the provider does not answer"),
        ("nobody", 400, "Pipedrive does not say who you are"),
        ("foreign", 400, "api_domain"),
        ("lookalike", 400, "api_domain"),
    ],
)
async def test_a_sign_in_that_fails_leaves_nothing(
    house: House, trouble: str, status: int, said: str
):
    def unreachable() -> httpx.Response:
        raise httpx.ConnectError("refused")

    match trouble:
        case "code":
            house.town.answers["/pipedrive/token"] = lambda: httpx.Response(
                400, json={"error": "invalid_grant"}
            )
        case "down":
            house.town.answers["/pipedrive/token"] = lambda: httpx.Response(502)
        case "unreachable":
            house.town.answers["/api/v1/users/me"] = unreachable
        case "nobody":
            house.town.users.clear()
        case "foreign":
            house.town.api_domain = "https://pipedrive.com.evil.example"
        case "lookalike":
            house.town.api_domain = "https://evilpipedrive.com"
    ada = house.browser()
    found, title = problem(await ada.sign_in(ADA))
    assert (found, title.startswith(said)) == (status, True), title
    assert "tandem_session" not in ada.cookies
    assert await house.query("SELECT 1 FROM settings.users") == []
    assert await house.credentials() == []
    if said == "api_domain":
        assert house.town.paths("/api/v1/users/me") == []


async def test_a_plain_address_of_the_company_is_refused_where_only_https_is_allowed(
    lone_house: House,
):
    house = lone_house
    house.town.api_domain = "http://north.pipedrive.com"
    settings = {"public_url": "https://tandem.example", "allow_plain_http": False}
    async with house.service(**settings):
        ada = house.browser()
        ada.base_url = httpx.URL("https://tandem.example")
        start = await ada.get("/oauth/pipedrive/start")
        back = house.town.consent(start.headers["location"], ADA)
        assert problem(await ada.get(CALLBACK, params=back))[1].startswith("api_domain")
        house.town.api_domain = API_URL
        start = await ada.get("/oauth/pipedrive/start")
        back = house.town.consent(start.headers["location"], ADA)
        answer = await ada.get(CALLBACK, params=back)
        assert answer.status_code == 303
        assert "strict-transport-security" in answer.headers
        cookies = answer.headers.get_list("set-cookie")
        session = next(one for one in cookies if one.startswith("__Host-tandem_session="))
        for part in ("HttpOnly", "Secure", "Path=/", "SameSite=lax"):
            assert part in session
        readable = next(one for one in cookies if one.startswith("__Host-tandem_csrf="))
        assert "HttpOnly" not in readable


async def test_a_new_sign_in_refreshes_the_profile_and_tells_of_every_connection(house: House):
    ada = house.browser()
    await ada.sign_in(ADA)
    await ada.connected(ADA)
    first = await house.told_at(1)
    house.town.users[ADA] |= {
        "email": "ada.l@north.example",
        "timezone_name": "America/New_York",
    }
    earlier = ada.cookies["tandem_session"]
    await ada.sign_in(ADA)
    second = await house.told_at(2)
    assert second.owner_email == "ada.l@north.example"
    assert second.owner_time_zone == "America/New_York"
    assert second.crm_credential_id == first.crm_credential_id
    assert (await ada.get("/api/v1/me")).json()["time_zone"] == "America/New_York"
    before = house.browser()
    before.cookies.set("tandem_session", earlier)
    assert (await before.get("/api/v1/me")).status_code == 401
    await ada.sign_in(ADA)
    assert (await ada.get("/api/v1/connections")).json()["items"][0]["revision"] == 2
    assert len(await house.credentials()) == 2


async def test_an_unknown_time_zone_counts_as_utc(house: House):
    house.town.users[ADA]["timezone_name"] = "Mars/Olympus"
    ada = house.browser()
    await ada.sign_in(ADA)
    assert (await ada.get("/api/v1/me")).json()["time_zone"] == "UTC"


async def test_signing_in_again_mends_a_lost_grant_of_pipedrive(house: House):
    ada = house.browser()
    await ada.sign_in(ADA)
    path = await ada.started(ADA)
    await house.report(path, HealthSignal.GRANT_LOST, service="crm-ingest")
    lost = await house.told_at(3)
    assert lost.status is ConnectionStatus.RECONNECT_NEEDED
    assert (await ada.get(path)).json()["reconnect"] == ["pipedrive"]
    await ada.sign_in(ADA)
    assert (await house.told_at(4)).status is ConnectionStatus.ACTIVE
    assert len(house.told_of(ResyncRequested)) == 1
    assert len({one.connection_id for one in house.told_of(ConnectionChanged)}) == 1


async def test_removing_the_app_in_pipedrive_is_told_at_once_and_mended_by_signing_in(house: House):
    ada, bob, pipedrive = house.browser(), house.browser(), house.browser()
    await ada.sign_in(ADA)
    path = await ada.started(ADA)
    await bob.sign_in(BOB)
    untouched = (await bob.get(await bob.started(BOB))).json()
    gone = {"company_id": house.company, "user_id": 42, "client_id": "client"}

    async def removed(content: object, auth: tuple[str, str] | None = APP) -> httpx.Response:
        return await pipedrive.request("DELETE", CALLBACK, json=content, auth=auth)

    for wrong in (None, ("client", "wrong"), ("wrong", APP[1])):
        assert problem(await removed(gone, wrong))[0] == 401
    assert problem(await removed(gone | {"user_id": "all"}))[0] == 422
    assert (await removed(gone | {"user_id": 4711})).status_code == 200
    assert (await ada.get(path)).json()["status"] == "active"
    assert (await removed(gone)).status_code == 200
    shown = (await ada.get(path)).json()
    assert (shown["status"], shown["reconnect"]) == ("reconnect_needed", ["pipedrive"])
    await ada.sign_in(ADA)
    assert (await ada.get(path)).json()["status"] == "active"
    assert (await bob.get(f"/api/v1/connections/{untouched['id']}")).json() == untouched


async def test_sessions_end_after_12_idle_hours_and_after_14_days(house: House):
    ada, bob = house.browser(), house.browser()
    await ada.sign_in(ADA)
    await bob.sign_in(BOB)
    for _ in range(30):
        house.clock.ahead += timedelta(hours=11)
        assert (await ada.get("/api/v1/me")).status_code == 200
    assert problem(await bob.get("/api/v1/me"))[0] == 401
    house.clock.ahead += timedelta(hours=7)
    status, title = problem(await ada.get("/api/v1/me"))
    assert status == 401
    assert "/oauth/pipedrive/start" in title


async def test_signing_out_ends_the_session_and_needs_the_csrf_token(house: House):
    ada, phone = house.browser(), house.browser()
    assert (await ada.post("/sign-out")).headers["location"] == "/"
    for browser in (ada, phone):
        await browser.sign_in(ADA)
    session = ada.cookies["tandem_session"]
    for form in ({}, {"csrf_token": "wrong"}, {"csrf_token": phone.headers[CSRF]}):
        assert problem(await ada.post("/sign-out", data=form))[0] == 403
    assert (await ada.get("/api/v1/me")).status_code == 200
    answer = await ada.post("/sign-out", data={"csrf_token": ada.headers[CSRF]})
    assert answer.status_code == 303
    assert "tandem_session" not in ada.cookies
    ada.cookies.set("tandem_session", session)
    assert (await ada.get("/api/v1/me")).status_code == 401
    assert (await phone.get("/api/v1/me")).status_code == 200


async def test_signing_out_everywhere_ends_every_session_of_the_user_alone(house: House):
    ada, phone, bob = house.browser(), house.browser(), house.browser()
    for browser, who in ((ada, ADA), (phone, ADA), (bob, BOB)):
        await browser.sign_in(who)
    form = {"csrf_token": ada.headers[CSRF], "everywhere": "1"}
    assert (await ada.post("/sign-out", data=form)).status_code == 303
    assert (await phone.get("/api/v1/me")).status_code == 401
    assert (await bob.get("/api/v1/me")).status_code == 200
