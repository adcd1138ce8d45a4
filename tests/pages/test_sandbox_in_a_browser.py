"""A newcomer's way with both pages open: connect, foresee, start, and watch a change travel."""

from typing import Literal
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser, Page, expect
from tests.e2e.company import Company
from tests.pages.account import account_of
from tests.pages.desk import Desk

from tandem_embedded.stack import Stack

PROVIDERS = ("google", "microsoft", "exchange")
LOOKS = (("en-US", "light"), ("sv-SE", "dark"))
WORDS = {
    "en-US": ("Preview and start", "Start to sync"),
    "sv-SE": ("Förhandsvisa och starta", "Börja synka"),
}


class SandboxPage:
    """The sandbox's page in a browser."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def titles(self, side: str):
        """The titles that a side shows."""
        return self.page.locator(f"#{side}-meetings .title")

    async def create(self, side: str, title: str) -> None:
        """Make a meeting of tomorrow."""
        new = self.page.locator(f".side.{side} details.new")
        if await new.get_attribute("open") is None:
            await new.locator("summary").click()
        await self.page.locator(f"#{side}-new-title").fill(title)
        await self.page.locator(f"#{side}-create").click()
        await expect(self.page.locator(f"#{side}-new-title")).to_have_value("")

    async def edit(self, side: str, title: str):
        """The form of a meeting, once it is open."""
        await self.page.locator(f"#{side}-meetings a", has_text=title).click()
        editor = self.page.locator(f"#{side}-editor .editor")
        await expect(editor.locator(f"#{side}-edit-title")).to_be_focused()
        return editor


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(("locale", "theme"), LOOKS)
async def test_a_newcomer_sees_a_change_travel_on_the_sandboxs_page(
    stack: Stack,
    company: Company,
    browser: Browser,
    provider: Literal["google", "microsoft", "exchange"],
    locale: str,
    theme: str,
):
    account = account_of(company, provider)
    context = await browser.new_context(locale=locale, color_scheme=theme)  # type: ignore[arg-type]
    tandem = Desk(await context.new_page(), stack.urls["settings_api"], company.first)
    shown = Desk(await context.new_page(), stack.urls["sandbox"], company.first)
    sandbox, side = SandboxPage(shown.page), account.side
    await shown.open("/?" + urlencode({"pipedrive": company.first.email, side: account.email}))
    await shown.is_accessible()
    await sandbox.create("pipedrive", "First visit")

    preview, start = WORDS[locale]
    await tandem.sign_in()
    if locale == "sv-SE":
        await tandem.page.get_by_role("link", name="Svenska").click()
    connection_id = await tandem.add_calendar(account.email, account.password)
    company.first.sign_in()
    company.first.connection_id = connection_id
    await tandem.page.get_by_role("link", name=preview).click()
    await expect(tandem.page.get_by_role("cell", name="First visit")).to_be_visible(timeout=30_000)
    await tandem.is_accessible()
    await expect(sandbox.titles(side)).to_have_count(0)
    await tandem.page.get_by_role("button", name=start).click()
    await expect(tandem.page.locator(".badge.active")).to_be_visible()

    await expect(sandbox.titles(side)).to_have_text(["First visit"], timeout=30_000)
    await sandbox.create("pipedrive", "Second visit")
    await expect(sandbox.titles(side)).to_have_text(["First visit", "Second visit"], timeout=30_000)
    await expect(shown.page.locator("#news")).to_contain_text("Second visit")
    editor = await sandbox.edit(side, "Second visit")
    await shown.is_accessible()
    await editor.locator(f"#{side}-edit-title").fill("Visit with tea")
    await editor.get_by_role("button", name="Save").click()
    await expect(shown.page.locator(f"#{side}-heading")).to_be_focused()
    both = ["First visit", "Visit with tea"]
    await expect(sandbox.titles("pipedrive")).to_have_text(both, timeout=30_000)
    await sandbox.create(side, "Lunch")
    await expect(sandbox.titles("pipedrive")).to_have_count(3, timeout=30_000)
    if provider == "google":
        await shown.keeps(f"sandbox-{theme}")
    editor = await sandbox.edit("pipedrive", "Visit with tea")
    await editor.get_by_role("button", name="Delete").click()
    await expect(sandbox.titles(side)).to_have_text(["First visit", "Lunch"], timeout=30_000)

    await shown.page.locator("#trouble").select_option("lost_answer")
    await shown.page.get_by_role("button", name="Arm", exact=True).click()
    await expect(shown.page.locator("#faults")).to_contain_text("loses the answer, 1 more time")
    await shown.is_accessible()
    await shown.page.locator("#faults").get_by_role("button", name="Disarm", exact=True).click()
    await expect(shown.page.locator("#faults")).to_contain_text("All vendors behave")
    await shown.page.set_viewport_size({"width": 360, "height": 800})
    await shown.is_accessible()
    await context.close()


async def test_the_sandboxs_page_works_without_scripts_and_by_keyboard(
    stack: Stack, company: Company, browser: Browser
):
    address = stack.urls["sandbox"] + "/?" + urlencode({"pipedrive": company.first.email})
    plain = await browser.new_context(java_script_enabled=False)
    page = await plain.new_page()
    await page.goto(address)
    await page.locator(".side.google details.new summary").click()
    await page.locator("#google-new-title").fill("Without scripts")
    await page.locator("#google-create").click()
    await page.get_by_role("link", name="Without scripts").click()
    await page.locator("#google-edit-title").fill("Still without")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#google-meetings .title")).to_have_text(["Still without"])
    await plain.close()
    scripted = await browser.new_context()
    desk = Desk(await scripted.new_page(), address, company.first)
    await desk.open("")
    sandbox = SandboxPage(desk.page)
    await sandbox.edit("google", "Still without")
    await desk.page.keyboard.press("Escape")
    await expect(desk.page.locator("#google-heading")).to_be_focused()
    await sandbox.edit("google", "Still without")
    await desk.page.get_by_role("link", name="Cancel").click()
    await expect(desk.page.locator(".editor")).to_have_count(0)
    assert desk.page.url == address
    assert desk.troubles == []
    await scripted.close()
