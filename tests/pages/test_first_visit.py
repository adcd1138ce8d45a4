"""A newcomer's way: sign in, add a calendar, look at the preview, start, and see it work."""

import pytest
from playwright.async_api import Browser, expect
from tests.e2e.company import Company
from tests.e2e.person import in_days
from tests.pages.desk import Desk

from tandem_embedded.stack import Stack


@pytest.mark.parametrize(("locale", "theme"), [("en-US", "light"), ("sv-SE", "dark")])
async def test_a_newcomer_connects_a_calendar_and_sees_a_change_travel(
    stack: Stack, company: Company, browser: Browser, locale: str, theme: str
):
    context = await browser.new_context(locale=locale, color_scheme=theme)  # type: ignore[arg-type]
    page = await context.new_page()
    desk = Desk(page, stack.urls["settings_api"], company.first)
    swedish = locale == "sv-SE"
    await desk.open()
    await desk.is_accessible()
    await desk.keeps(f"sign-in-{theme}")
    await expect(page.locator("html")).to_have_attribute("lang", locale[:2])
    await desk.sign_in()
    if swedish:
        await page.get_by_role("link", name="Svenska").click()
    await desk.is_accessible()
    connection_id = await desk.add_calendar()
    person = company.first
    person.sign_in()
    person.connection_id = connection_id
    await desk.is_accessible()
    await page.locator(".actions a.button").click()
    await desk.is_accessible()
    await desk.keeps(f"preview-{theme}")
    await page.get_by_role("button", name="Börja synka" if swedish else "Start to sync").click()
    await expect(page.locator(".badge.active")).to_be_visible()
    activity = person.create_activity(f"Visit {theme}", in_days(2))
    person.event_named(activity["subject"])
    person.told(activity["id"], "created")
    await desk.open(f"/connections/{connection_id}/history")
    await expect(page.get_by_role("heading", name=activity["subject"])).to_be_visible()
    await page.locator("details summary").first.click()
    await desk.is_accessible()
    await desk.keeps(f"history-{theme}")
    await page.locator("#q").fill("no such title")
    await page.locator("#q").press("Enter")
    await expect(page.locator(".empty")).to_be_visible()
    await desk.is_accessible()
    await desk.open(f"/explain?item={activity['id']}")
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
    await context.close()
