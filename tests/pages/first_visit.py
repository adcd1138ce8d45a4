"""A newcomer's steps on Tandem's pages, in the language that he reads."""

from collections.abc import Mapping
from typing import Final

from playwright.async_api import expect
from tests.pages.account import Account
from tests.pages.desk import Desk, Theme
from tests.pages.sandbox_page import TRAVEL_MS

LOOKS: Final[tuple[tuple[str, Theme], ...]] = (("en-US", "light"), ("sv-SE", "dark"))
"""Language of the browser, and theme."""
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "en": ("Preview and start", "Start to sync"),
    "sv": ("Förhandsvisa och starta", "Börja synka"),
}


async def sign_in(desk: Desk, locale: str) -> None:
    """Sign in, and choose the language where Pipedrive's is another."""
    await desk.sign_in()
    if locale.startswith("sv"):
        await desk.page.get_by_role("link", name="Svenska").click()
    await expect(desk.page.locator("html")).to_have_attribute("lang", locale[:2])


async def foresee(desk: Desk, account: Account, *, title: str) -> str:
    """Add an account and see in the preview what would be written; the connection's id."""
    await desk.open()
    connection_id = await desk.add_calendar(account.email, account.password)
    await desk.is_accessible()
    await desk.page.get_by_role("link", name=(await _words(desk))[0]).click()
    await expect(desk.page.get_by_role("cell", name=title)).to_be_visible(timeout=TRAVEL_MS)
    await desk.is_accessible()
    return connection_id


async def start(desk: Desk) -> None:
    """Start to sync, from the preview."""
    await desk.page.get_by_role("button", name=(await _words(desk))[1]).click()
    await expect(desk.page.locator(".badge.active")).to_be_visible()


async def _words(desk: Desk) -> tuple[str, str]:
    return _WORDS[await desk.page.locator("html").get_attribute("lang") or "en"]
