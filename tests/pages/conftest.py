"""A running stack, a real browser, and a person of the sandbox in front of it."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Error, Playwright, async_playwright
from tests.e2e.founded import company
from tests.e2e.stacks import running

from tandem_embedded.stack import Stack

__all__ = ["company"]
SYSTEM_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def stack(scratch: Path) -> Iterator[Stack]:
    """All processes, on ports of their own."""
    yield from running(scratch / "pages")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium, else the one that Playwright has brought."""
    async with async_playwright() as playwright:
        started = await _launched(playwright)
        yield started
        await started.close()


async def _launched(playwright: Playwright) -> Browser:
    found = next((path for name in SYSTEM_BROWSERS if (path := shutil.which(name))), None)
    try:
        return await playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
    except Error:
        pytest.fail(
            "no browser: install Chromium (apt-get install chromium, or playwright install "
            "chromium)",
            pytrace=False,
        )
