"""A newcomer's way: sign in, add calendars, look at the preview, start, and see it work."""

import pytest
from playwright.async_api import Browser, Page, expect
from tests.e2e.company import Company
from tests.pages.account import PROVIDERS, account_of
from tests.pages.demo import Demo, demo
from tests.pages.desk import Desk, Theme, sitting_at, sitting_at_both
from tests.pages.first_visit import LOOKS, foresee, sign_in, start
from tests.pages.sandbox_page import SandboxPage

from tandem_embedded.stack import Stack

__all__ = ["demo"]


async def test_a_newcomer_of_the_demo_sees_an_activity_appear_in_three_calendars(
    demo: Demo, browser: Browser
):
    newcomer = demo.newcomer
    async with (
        sitting_at(browser, demo.settings, newcomer) as tandem,
        sitting_at(browser, demo.board, newcomer) as shown,
    ):
        sandbox = SandboxPage(shown)
        await sandbox.open(newcomer, demo.accounts)
        await sandbox.create("pipedrive", "First visit")
        await sign_in(tandem, "en-US")
        for account in demo.accounts:
            await foresee(tandem, account, title="First visit")
            await sandbox.shows(account.side, [])
            await start(tandem)
            await sandbox.shows(account.side, ["First visit"])
        await sandbox.create("pipedrive", "Second visit")
        for provider in PROVIDERS:
            await sandbox.shows(provider, ["First visit", "Second visit"])


@pytest.mark.parametrize(("locale", "theme"), LOOKS)
async def test_a_newcomer_connects_three_calendars_and_finds_his_way(
    stack: Stack, company: Company, browser: Browser, locale: str, theme: Theme
):
    person = company.first
    accounts = [account_of(company, provider) for provider in PROVIDERS]
    both = sitting_at_both(browser, stack, person.email, locale=locale, theme=theme)
    async with both as (tandem, shown):
        sandbox = SandboxPage(shown)
        await sandbox.open(person.email, accounts)
        await sandbox.create("pipedrive", f"Visit {theme}")
        await tandem.open()
        await tandem.is_accessible()
        await tandem.keeps(f"sign-in-{theme}")
        await sign_in(tandem, locale)
        await tandem.is_accessible()
        for account in reversed(accounts):
            connection_id = await foresee(tandem, account, title=f"Visit {theme}")
            await tandem.keeps(f"preview-{theme}")
            await start(tandem)
        for account in accounts:
            await sandbox.shows(account.side, [f"Visit {theme}"])
        person.sign_in()
        person.connection_id = connection_id
        [activity] = person.activities()
        person.told(activity["id"], "created")
        await _looks_around(tandem, connection_id, activity["id"], theme)


async def _looks_around(desk: Desk, connection_id: str, activity_id: int, theme: Theme) -> None:
    page = desk.page
    await desk.open(f"/connections/{connection_id}/history")
    await expect(page.get_by_role("heading", name=f"Visit {theme}")).to_be_visible()
    await page.locator("details summary").first.click()
    await desk.is_accessible()
    await desk.keeps(f"history-{theme}")
    await _searches_in_vain(page)
    await desk.is_accessible()
    await desk.open(f"/explain?item={activity_id}")
    await expect(page.locator(".badge.active")).to_be_visible()
    await desk.is_accessible()
    await desk.keeps(f"explain-{theme}")
    for path in ("/", f"/connections/{connection_id}", "/tokens", "/admin"):
        await desk.open(path)
        await desk.is_accessible()
    for name in ("held", "troubleshooting", "disconnect"):
        await desk.open(f"/connections/{connection_id}/{name}")
        await desk.is_accessible()
    await desk.open(f"/connections/{connection_id}")
    await desk.keeps(f"connection-{theme}")
    await page.set_viewport_size({"width": 360, "height": 800})
    await desk.is_accessible()
    await desk.keeps(f"connection-phone-{theme}")


async def _searches_in_vain(page: Page) -> None:
    await page.locator("#q").fill("no such title")
    await page.locator("#q").press("Enter")
    await expect(page.locator(".empty")).to_be_visible()
