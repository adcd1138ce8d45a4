"""A sandbox that runs beside a test, and a person who has its page open."""

import html
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.contract.google.servers import serving

from tandem_sandbox.accounts import static_token
from tandem_sandbox.app import create_app
from tandem_sandbox.settings import SandboxSettings
from tandem_sandbox.world import World

USER = "sales1@north.example"
OUTLOOK = "sales1.north@outlook.com"
EXCHANGE = "sales1@onprem.example"
VENDORS = ("pipedrive", "google", "microsoft", "exchange")
APIS = {
    "pipedrive": "/pipedrive/api/v2",
    "google": f"/google/calendar/v3/calendars/{USER}",
    "microsoft": "/microsoft/v1.0/me",
}
_LINK = re.compile(r'hx-get="(/sides/(\w+)/meetings/edit\?[^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_TAG = re.compile(r"<[^>]+>")


def coming(days: int = 2) -> date:
    """A day that the page shows."""
    return (datetime.now(UTC) + timedelta(days=days)).date()


class Visitor:
    """Uses the page as a browser without scripts does."""

    def __init__(self, world: World, address: str) -> None:
        self.world = world
        self.address = address
        self.web = httpx.Client(base_url=address, timeout=20, follow_redirects=True)
        self._vendors: dict[str, httpx.Client] = {}

    def close(self) -> None:
        """Close all connections."""
        for client in (self.web, *self._vendors.values()):
            client.close()

    def lines(self, side: str, **query: str) -> list[str]:
        """What a side shows, each meeting as a line of text, its dash a plain one."""
        return [
            text.replace("\N{EN DASH}", "-")
            for name, _, text in self._links(**query)
            if name == side
        ]

    def send(self, path: str, **fields: Any) -> httpx.Response:
        """Send a form."""
        return self.web.post(path, data=fields)

    def create(self, side: str, title: str, **fields: Any) -> None:
        """Make a meeting of half an hour at ten."""
        asked = {"title": title, "day": coming(), "time": "10:00", "minutes": "30"} | fields
        self.send(f"/sides/{side}/meetings", **asked).raise_for_status()

    def form(self, side: str, named: str, number: int = 0) -> dict[str, str]:
        """The fields of the form of a meeting, as the page fills them in."""
        links = [link for name, link, text in self._links() if name == side and named in text]
        answer = self.web.get(links[number])
        answer.raise_for_status()
        inputs = re.findall(r'<input [^>]*name="(\w+)"[^>]*value="([^"]*)"', answer.text)
        return {name: html.unescape(value) for name, value in inputs}

    def change(self, side: str, named: str, number: int = 0, **fields: Any) -> None:
        """Change some fields of a meeting and save."""
        asked = self.form(side, named, number) | fields
        self.send(f"/sides/{side}/meetings/change", **asked).raise_for_status()

    def delete(self, side: str, named: str, number: int = 0) -> None:
        """Delete a meeting."""
        key = self.form(side, named, number)["key"]
        self.send(f"/sides/{side}/meetings/delete", key=key).raise_for_status()

    def vendor(self, name: str) -> httpx.Client:
        """The vendor's own API, as this person's programs call it."""
        if name not in self._vendors:
            token = static_token(name, OUTLOOK if name == "microsoft" else USER)
            self._vendors[name] = httpx.Client(
                base_url=self.address + APIS[name],
                headers={"authorization": f"Bearer {token}"},
                timeout=20,
            )
        return self._vendors[name]

    def _links(self, **query: str) -> list[tuple[str, str, str]]:
        answer = self.web.get("/", params=query)
        answer.raise_for_status()
        return [
            (name, html.unescape(link), html.unescape(_TAG.sub("", inner)))
            for link, name, inner in _LINK.findall(answer.text)
        ]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[tuple[World, str]]:
    """A running sandbox and its address."""
    app = create_app(SandboxSettings())
    with serving(app) as address:
        yield app.state.world, address


@pytest.fixture
def visitor(sandbox: tuple[World, str]) -> Iterator[Visitor]:
    """A person at a sandbox in which nothing has happened yet."""
    visitor = Visitor(*sandbox)
    visitor.web.post("/_control/reset").raise_for_status()
    yield visitor
    visitor.close()
