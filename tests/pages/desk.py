"""What a person does at a browser, and what must hold of every page that is open."""

import json
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect
from tests.e2e.person import Person

AXE = Path(__file__).with_name("axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCREENSHOTS = Path(__file__).parents[2] / "docs" / "screenshots"


class Desk:
    """A browser page of one person."""

    def __init__(self, page: Page, address: str, person: Person) -> None:
        self.page = page
        self.address = address
        self.person = person
        self.troubles: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))

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
            email or self.person.email,
        )
        await self.page.locator('button[value="allow"]').first.click()
        await self.page.wait_for_url(self.address + "/**")

    async def add_calendar(self, email: str = "", password: str = "") -> str:
        """Add a calendar account, of the same address if none is given; the connection's id.

        A `password` is what the page asks for where the provider has no consent page.
        """
        email = email or self.person.email
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
        assert self.troubles == []

    async def keeps(self, name: str) -> None:
        """Keep a screenshot for the documents."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    async def saved(self, setting: str) -> None:
        """Wait until a setting says that it is saved."""
        await expect(self.page.locator(f"#{setting} .saved")).to_contain_text("✓")

    def _heard(self, message: Any) -> None:
        refused_on_purpose = "Failed to load resource" in message.text
        if message.type == "error" and not refused_on_purpose:
            self.troubles.append(message.text)
