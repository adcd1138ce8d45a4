"""Connecting accounts of Outlook.com and Microsoft 365."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.integration.settings_api.browser import Browser, problem
from tests.integration.settings_api.house import ADA, House
from tests.integration.settings_api.town import CLIENT

from tandem.contracts.connections import ConnectionSettings, Provider
from tandem.runtime.credential_store import CredentialKind

OUTLOOK = "ada@outlook.com"


@pytest.fixture(scope="module")
def changed_settings() -> dict[str, str]:
    """An installation that Microsoft knows."""
    return {
        "microsoft_client_id": CLIENT["microsoft"][0],
        "microsoft_client_secret": CLIENT["microsoft"][1],
        "email_providers": "north.example=google,contoso.example=microsoft",
    }


async def _departs(ada: Browser, email: str = OUTLOOK, **order: Any) -> str:
    answer = await ada.post("/api/v1/connections", json={"email": email, **order})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["authorize_url"])


async def _returns(house: House, ada: Browser, url: str, account: str = OUTLOOK) -> Any:
    back = house.town.consent(url, account)
    return await ada.get("/oauth/microsoft/callback", params=back)


async def test_an_outlook_calendar_is_connected_with_its_primary_calendar(
    house: House, ada: Browser
):
    url = await _departs(ada, "Ada@Outlook.com")
    asked = dict(parse_qsl(urlsplit(url).query))
    assert url.startswith("https://oauth.microsoft.test/microsoft/authorize?")
    assert asked["redirect_uri"] == "http://tandem.example/oauth/microsoft/callback"
    assert asked["code_challenge_method"] == "S256"
    assert (asked["login_hint"], asked["response_type"]) == (OUTLOOK, "code")
    assert set(asked["scope"].split()) == {
        "offline_access",
        "openid",
        "email",
        "User.Read",
        "Calendars.ReadWrite",
        "MailboxSettings.Read",
    }
    answer = await _returns(house, ada, url)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    told = await house.told_at(1)
    assert (told.provider, told.email) == (Provider.MICROSOFT, OUTLOOK)
    assert told.settings == ConnectionSettings(calendar_id="work")
    kept = {one.credential_id: one for one in await house.credentials()}
    calendar = kept[told.calendar_credential_id]
    assert (calendar.kind, calendar.account) == (CredentialKind.MICROSOFT, OUTLOOK)
    assert calendar.refresh_token.get_secret_value().endswith(f"-of-{OUTLOOK}")


async def test_the_same_account_again_takes_the_place_of_the_old_grant(house: House, ada: Browser):
    for _ in range(2):
        assert (await _returns(house, ada, await _departs(ada))).status_code == 303
    (shown,) = (await ada.get("/api/v1/connections")).json()["items"]
    assert shown["provider"] == "microsoft"
    kept = [one for one in await house.credentials() if one.kind is CredentialKind.MICROSOFT]
    assert [one.refresh_token.get_secret_value() for one in kept] == [
        f"refresh-code-3-of-{OUTLOOK}"
    ]


async def test_an_account_may_be_asked_for_by_the_name_it_signs_in_with(house: House, ada: Browser):
    house.town.microsoft_account = {
        "mail": "Ada.Lovelace@contoso.example",
        "userPrincipalName": "ada@contoso.example",
    }
    url = await _departs(ada, "ada@contoso.example")
    assert (await _returns(house, ada, url)).status_code == 303
    (shown,) = (await ada.get("/api/v1/connections")).json()["items"]
    assert shown["email"] == "ada.lovelace@contoso.example"


async def test_a_domain_of_one_s_own_is_connected_by_its_named_provider(ada: Browser):
    url = await _departs(ada, "ada@unknown.example", provider="microsoft")
    assert "/microsoft/authorize?" in url
    answer = await ada.post("/api/v1/connections", json={"email": "ada@unknown.example"})
    assert problem(answer)[0] == 422
    assert '"provider": "microsoft"' in answer.json()["title"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"microsoft_account": {"mail": "bob@outlook.com"}}, "another Microsoft account"),
        ({"microsoft_account": {"mail": None}}, "does not say"),
        ({"microsoft_scopes": "openid email User.Read"}, "permission"),
        ({"refresh_token": False}, "lasting permission"),
    ],
)
async def test_what_does_not_do_is_refused_and_leaves_nothing(
    house: House, ada: Browser, changes: dict[str, Any], words: str
):
    for name, value in changes.items():
        setattr(house.town, name, value)
    status, title = problem(await _returns(house, ada, await _departs(ada)))
    assert status == 400
    assert words in title
    assert (await ada.get("/api/v1/connections")).json()["items"] == []
    assert {one.kind for one in await house.credentials()} == {CredentialKind.PIPEDRIVE}


async def test_a_code_without_its_verifier_or_of_another_vendor_is_refused(
    house: House, ada: Browser
):
    url = await _departs(ada)
    back = house.town.consent(url, OUTLOOK)
    answer = await ada.get("/oauth/google/callback", params=back)
    assert problem(answer)[0] == 400
    url = await _departs(ada)
    back = house.town.consent(url, OUTLOOK)
    house.town.codes[back["code"]].challenge = "of-another-verifier"
    assert problem(await ada.get("/oauth/microsoft/callback", params=back))[0] == 400
    assert (await ada.get("/api/v1/connections")).json()["items"] == []


async def test_the_page_offers_outlook_and_goes_on_to_microsoft(ada: Browser):
    page = await ada.get("/", headers={"accept-language": "sv"})
    assert '<option value="microsoft">Outlook</option>' in page.text
    csrf = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    given = {"email": "ada@unknown.example", "csrf_token": csrf}
    refused = await ada.post("/connections", data=given)
    assert refused.status_code == 422
    onward = await ada.post("/connections", data={**given, "provider": "microsoft"})
    assert "/microsoft/authorize?" in onward.text


async def test_an_installation_that_microsoft_does_not_know_offers_no_outlook(lone_house: House):
    async with lone_house.service():
        ada = lone_house.browser()
        await ada.sign_in(ADA)
        assert 'value="microsoft"' not in (await ada.get("/")).text
        answer = await ada.post("/api/v1/connections", json={"email": OUTLOOK})
        assert problem(answer)[0] == 422
