"""Settings are saved by themselves, with and without scripts, and other tabs see them."""

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from tests.e2e.company import Company
from tests.e2e.person import Person
from tests.pages.desk import Desk, sitting_at

from tandem_embedded.stack import Stack

WAIT_MS = 30_000
"""Longer than a stream of changes lasts."""


@pytest.mark.rule("2.12")
async def test_each_setting_is_saved_by_itself_and_seen_in_another_tab(
    stack: Stack, company: Company, browser: Browser
):
    address, person = stack.urls["settings_api"], company.first
    async with sitting_at(browser, address, person.email) as desk:
        await _saves_each_setting(desk, person)


async def _saves_each_setting(desk: Desk, person: Person) -> None:
    page = desk.page
    await desk.sign_in()
    person.connection_id = await desk.add_calendar()
    person.sign_in()
    other = await page.context.new_page()
    await other.goto(page.url)
    await page.locator("#direction-one_way").check()
    await desk.saved("direction")
    await expect(page.locator("#save_events_as")).to_have_count(0)
    await expect(other.locator("#save_events_as")).to_have_count(0)
    await page.locator("#direction-two_way").check()
    await expect(page.locator("#save_events_as")).to_be_visible()
    await page.locator("#type-call").uncheck()
    await desk.saved("synced_types")
    await expect(other.locator("#type-call")).not_to_be_checked()
    await page.locator("#default_duration_minutes-choice").fill("45")
    await page.locator("#default_duration_minutes-choice").press("Tab")
    await desk.saved("default_duration_minutes")
    await page.locator("#include_deal_contact_info-choice").check()
    await desk.saved("include_deal_contact_info")
    settings = person.connection()["settings"]
    assert settings["default_duration_minutes"] == 45
    assert settings["include_deal_contact_info"] is True
    assert "call" not in settings["synced_types"]


async def test_pages_read_and_save_without_scripts(
    stack: Stack, company: Company, browser: Browser
):
    address, person = stack.urls["settings_api"], company.first
    person.sign_in()
    async with sitting_at(browser, address, person.email, scripts=False) as desk:
        page = desk.page
        await page.context.add_cookies(
            [
                {"name": cookie.name, "value": cookie.value or "", "url": address}
                for cookie in person.tandem.cookies.jar
            ]
        )
        await desk.open()
        await page.locator("#email").fill(person.email)
        await page.get_by_role("button", name="Continue").click()
        await page.wait_for_selector('[name="account"]')
        person.reconnect_calendar()
        connection_id = person.get("/api/v1/connections")["items"][0]["id"]
        person.connection_id = connection_id
        await desk.open(f"/connections/{connection_id}")
        await page.locator("#horizon_days-choice").fill("30")
        await page.locator("#horizon_days button").click()
        await expect(page.locator("#horizon_days .saved")).to_contain_text("Saved")
    assert person.connection()["settings"]["horizon_days"] == 30


async def test_an_account_that_cannot_be_synced_is_refused_with_what_works(
    stack: Stack, company: Company, browser: Browser
):
    address, email = stack.urls["settings_api"], company.first.email
    async with sitting_at(browser, address, email, refusals={422}) as desk:
        await desk.sign_in()
        await desk.page.locator("#email").fill("anna@imap.invalid")
        await desk.page.get_by_role("button", name="Continue").click()
        alert = desk.page.get_by_role("alert").filter(visible=True)
        await expect(alert).to_contain_text("works")
        await expect(desk.page.locator("#email")).to_have_value("anna@imap.invalid")
        await desk.is_accessible()


async def test_a_token_is_shown_once_and_signing_out_everywhere_ends_every_session(
    stack: Stack, company: Company, browser: Browser
):
    address, person = stack.urls["settings_api"], company.first
    person.sign_in()
    async with sitting_at(browser, address, person.email) as desk:
        await desk.sign_in()
        await desk.open("/tokens")
        await desk.page.locator("#name").fill("reports")
        await desk.page.get_by_role("button", name="Make a token").click()
        token = await desk.page.locator("#made").input_value()
        assert token.startswith("tnd_")
        await desk.is_accessible()
        await desk.open("/tokens")
        assert token not in await desk.page.content()
        assert person.tandem.get("/api/v1/me").status_code == 200
        await desk.page.get_by_role("button", name="Sign out everywhere").click()
        await expect(_way_in(desk.page)).to_be_visible()
    assert person.tandem.get("/api/v1/me").status_code == 401


async def test_a_page_that_stays_open_is_told_of_changes_and_of_the_end_of_its_session(
    stack: Stack, company: Company, browser: Browser
):
    address, person = stack.urls["settings_api"], company.first
    async with sitting_at(browser, address, person.email) as desk:
        page = desk.page
        await desk.sign_in()
        person.connection_id = await desk.add_calendar()
        person.sign_in()
        await _listening_again(page, address + "/live")
        person.change_settings(horizon_days=31)
        await expect(page.locator("#horizon_days-choice")).to_have_value("31")
        csrf = {"csrf_token": person.tandem.headers["x-csrf-token"], "everywhere": "1"}
        assert person.tandem.post("/sign-out", data=csrf).status_code == 303
        await expect(_way_in(page)).to_be_visible(timeout=WAIT_MS)


async def _listening_again(page: Page, stream: str) -> None:
    """Return once a stream has ended, and the browser has come back for the next one."""
    came_back = False
    while not came_back:
        async with page.expect_response(stream, timeout=WAIT_MS) as answered:
            pass
        came_back = "last-event-id" in await (await answered.value).request.all_headers()


def _way_in(page: Page) -> Locator:
    return page.get_by_role("link", name="Sign in with Pipedrive")
