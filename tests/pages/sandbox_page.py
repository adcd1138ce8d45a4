"""What a person does on the sandbox's page."""

from collections.abc import Iterable
from urllib.parse import urlencode

from playwright.async_api import Locator, expect
from tests.pages.account import Account
from tests.pages.desk import Desk

TRAVEL_MS = 30_000
"""A change travels in less than a second; a machine may be busy."""


class SandboxPage:
    """The sandbox's page in a browser."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.page = desk.page

    async def open(self, pipedrive: str, accounts: Iterable[Account]) -> None:
        """Show the activities of a user beside some calendars."""
        shown = [("pipedrive", pipedrive), *((one.side, one.email) for one in accounts)]
        await self.desk.open("/?" + urlencode(shown))

    def titles(self, side: str) -> Locator:
        """The titles that a side shows."""
        return self.page.locator(f"#{side}-meetings .title")

    async def shows(self, side: str, titles: list[str]) -> None:
        """Wait until a side shows just these."""
        await expect(self.titles(side)).to_have_text(titles, timeout=TRAVEL_MS)

    async def create(self, side: str, title: str) -> None:
        """Make a meeting of tomorrow."""
        new = self.page.locator(f".side.{side} details.new")
        if await new.get_attribute("open") is None:
            await new.locator("summary").click()
        await self.page.locator(f"#{side}-new-title").fill(title)
        await self.page.locator(f"#{side}-create").click()
        await expect(self.page.locator(f"#{side}-new-title")).to_have_value("")

    async def edit(self, side: str, title: str) -> Locator:
        """The form of a meeting, once it is open."""
        await self.page.locator(f"#{side}-meetings a", has_text=title).click()
        editor = self.page.locator(f"#{side}-editor .editor")
        await expect(editor.locator(f"#{side}-edit-title")).to_be_focused()
        return editor
