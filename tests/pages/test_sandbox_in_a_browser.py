"""The sandbox's page beside Tandem's: a change travels both ways while a person watches."""

from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser, expect
from tests.e2e.company import Company
from tests.pages.account import PROVIDERS, Account, Provider, account_of
from tests.pages.desk import Theme, sitting_at, sitting_at_both
from tests.pages.first_visit import LOOKS, foresee, sign_in, start
from tests.pages.sandbox_page import TRAVEL_MS, SandboxPage

from tandem_embedded.stack import Stack


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(("locale", "theme"), LOOKS)
async def test_a_change_is_seen_travelling_on_the_sandboxs_page(
    stack: Stack,
    company: Company,
    browser: Browser,
    provider: Provider,
    locale: str,
    theme: Theme,
):
    account, person = account_of(company, provider), company.first
    both = sitting_at_both(browser, stack, person.email, locale=locale, theme=theme)
    async with both as (tandem, shown):
        sandbox = SandboxPage(shown)
        await sandbox.open(person.email, [account])
        await shown.is_accessible()
        await sandbox.create("pipedrive", "First visit")
        await sign_in(tandem, locale)
        await foresee(tandem, account, title="First visit")
        await sandbox.shows(provider, [])
        await start(tandem)
        await sandbox.shows(provider, ["First visit"])
        await _changes_travel(sandbox, account)
        if provider == "google":
            await shown.keeps(f"sandbox-{theme}")
        editor = await sandbox.edit("pipedrive", "Visit with tea")
        await editor.get_by_role("button", name="Delete").click()
        await sandbox.shows(provider, ["First visit", "Lunch"])
        await _faults_are_armed(sandbox)


async def _changes_travel(sandbox: SandboxPage, account: Account) -> None:
    page, side = sandbox.page, account.side
    await sandbox.create("pipedrive", "Second visit")
    await sandbox.shows(side, ["First visit", "Second visit"])
    await expect(page.locator("#news")).to_contain_text("Second visit")
    editor = await sandbox.edit(side, "Second visit")
    await sandbox.desk.is_accessible()
    await editor.locator(f"#{side}-edit-title").fill("Visit with tea")
    await editor.get_by_role("button", name="Save").click()
    await expect(page.locator(f"#{side}-heading")).to_be_focused()
    await sandbox.shows("pipedrive", ["First visit", "Visit with tea"])
    await sandbox.create(side, "Lunch")
    await expect(sandbox.titles("pipedrive")).to_have_count(3, timeout=TRAVEL_MS)


async def _faults_are_armed(sandbox: SandboxPage) -> None:
    page = sandbox.page
    await page.locator("#trouble").select_option("lost_answer")
    await page.get_by_role("button", name="Arm", exact=True).click()
    await expect(page.locator("#faults")).to_contain_text("loses the answer, 1 more time")
    await sandbox.desk.is_accessible()
    await page.locator("#faults").get_by_role("button", name="Disarm", exact=True).click()
    await expect(page.locator("#faults")).to_contain_text("All vendors behave")
    await page.set_viewport_size({"width": 360, "height": 800})
    await sandbox.desk.is_accessible()


async def test_the_sandboxs_page_works_without_scripts_and_by_keyboard(
    stack: Stack, company: Company, browser: Browser
):
    email = company.first.email
    address = stack.urls["sandbox"] + "/?" + urlencode({"pipedrive": email})
    async with sitting_at(browser, address, email, scripts=False) as plain:
        page = plain.page
        await plain.open("")
        await page.locator(".side.google details.new summary").click()
        await page.locator("#google-new-title").fill("Without scripts")
        await page.locator("#google-create").click()
        await page.get_by_role("link", name="Without scripts").click()
        await page.locator("#google-edit-title").fill("Still without")
        await page.get_by_role("button", name="Save").click()
        await expect(page.locator("#google-meetings .title")).to_have_text(["Still without"])
    async with sitting_at(browser, address, email) as desk:
        await desk.open("")
        sandbox = SandboxPage(desk)
        await sandbox.edit("google", "Still without")
        await desk.page.keyboard.press("Escape")
        await expect(desk.page.locator("#google-heading")).to_be_focused()
        await sandbox.edit("google", "Still without")
        await desk.page.get_by_role("link", name="Cancel").click()
        await expect(desk.page.locator(".editor")).to_have_count(0)
        assert desk.page.url == address
