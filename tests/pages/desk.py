"""What a person does at a browser, and what must hold of every page that is open."""

import json
import os
import re
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, ConsoleMessage, Page, expect

from tandem_embedded.stack import Stack

AXE = Path(__file__).with_name("axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
_REFUSED = re.compile(r"Failed to load resource: .* a status of (\d+) ")
Theme = Literal["dark", "light"]


@asynccontextmanager
async def sitting_at(
    browser: Browser,
    address: str,
    email: str,
    *,
    locale: str = "en-US",
    theme: Theme = "light",
    scripts: bool = True,
    refusals: Collection[int] = (),
) -> "AsyncIterator[Desk]":
    """A person's browser at a desk of their own.

    Whatever its console complains of fails the journey: errors of scripts, what the content
    security policy stopped, and answers of a status that is not among the awaited `refusals`.
    """
    context = await browser.new_context(
        locale=locale, color_scheme=theme, java_script_enabled=scripts
    )
    troubles: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        refused = _REFUSED.match(message.text)
        if message.type == "error" and not (refused and int(refused[1]) in refusals):
            troubles.append(f"{message.text} ({message.location.get('url')})")

    context.on("console", heard)
    context.on("weberror", lambda error: troubles.append(str(error.error)))
    try:
        yield Desk(await context.new_page(), address, email)
    finally:
        await context.close()
    assert not troubles, "\n".join(troubles)


@asynccontextmanager
async def sitting_at_both(
    browser: Browser, stack: Stack, email: str, *, locale: str, theme: Theme
) -> "AsyncIterator[tuple[Desk, Desk]]":
    """A person at Tandem's pages, and at the sandbox's beside them."""
    tandem, sandbox = (
        sitting_at(browser, stack.urls[name], email, locale=locale, theme=theme)
        for name in ("settings_api", "sandbox")
    )
    async with tandem as here, sandbox as there:
        yield here, there


class Desk:
    """A browser page of one person."""

    def __init__(self, page: Page, address: str, email: str) -> None:
        self.page = page
        self.address = address
        self.email = email

    async def open(self, path: str = "/") -> None:
        """Open a page of Tandem."""
        await self.page.goto(self.address + path)

    async def sign_in(self) -> None:
        """Sign in with Pipedrive, by its consent page."""
        await self.open()
        await self.page.locator("a.button").click()
        await self.allow()

    async def allow(self, email: str = "") -> None:
        """Say yes as this person, or with another account, on a provider's page; come back."""
        await self.page.wait_for_selector('[name="account"]')
        await self.page.evaluate(
            """email => {
              const field = document.querySelector('[name="account"]');
              if (field.type === "radio") document.querySelector(
                `[name="account"][value="${email}"]`).checked = true;
              else field.value = email;
            }""",
            email or self.email,
        )
        await self.page.locator('button[value="allow"]').first.click()
        await self.page.wait_for_url(self.address + "/**")

    async def add_calendar(self, email: str = "", password: str = "") -> str:
        """Add a calendar account, of the same address if none is given; the connection's id.

        A `password` is what the page asks for where the provider has no consent page.
        """
        email = email or self.email
        await self.page.locator("#email").fill(email)
        await self.page.locator("#email").press("Enter")
        if password:
            await self.page.locator("#password").fill(password)
            await self.page.locator("#password").press("Enter")
            await self.page.wait_for_url(self.address + "/connections/*-*")
        else:
            await self.allow(email)
            await self.page.get_by_role("link", name=email, exact=True).click()
        return self.page.url.rpartition("/")[2]

    async def is_accessible(self) -> None:
        """Axe finds nothing, and the page is not wider than the window."""
        await self.page.evaluate(AXE)
        found: dict[str, Any] = await self.page.evaluate(
            "rules => axe.run({runOnly: {type: 'tag', values: rules}})", RULES
        )
        told = [
            {"rule": one["id"], "nodes": [node["html"][:200] for node in one["nodes"]]}
            for one in found["violations"]
        ]
        assert told == [], f"{self.page.url}\n{json.dumps(told, indent=1)}"
        assert await self.page.evaluate(
            "document.documentElement.scrollWidth <= window.innerWidth"
        ), f"{self.page.url} scrolls sideways"

    async def keeps(self, name: str) -> None:
        """Take a screenshot, and keep it for the documents where SCREENSHOTS asks for that."""
        kept = FOLDER / f"{name}.png" if os.environ.get("SCREENSHOTS") else None
        await self.page.screenshot(path=kept, full_page=True)

    async def saved(self, setting: str) -> None:
        """Wait until a setting says that it is saved."""
        await expect(self.page.locator(f"#{setting} .saved")).to_contain_text("✓")
