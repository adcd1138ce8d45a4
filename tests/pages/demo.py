"""A running demo, as what it prints makes it known to a newcomer."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.e2e.demo_place import DemoPlace
from tests.pages.account import PROVIDERS, Account


@dataclass(frozen=True)
class Demo:
    """Addresses of the pages, and who may come in for the first time, with which calendars."""

    settings: str
    board: str
    newcomer: str
    accounts: list[Account]


@pytest.fixture
def demo(scratch: Path) -> Iterator[Demo]:
    """`make demo`, which knows no newcomer yet."""
    place = DemoPlace.below(scratch)
    with place.running():
        told = place.printed("Newcomer")
        emails = [word.rstrip(",;") for word in told if "@" in word]
        yield Demo(
            settings=place.printed("Settings")[0].rstrip("/"),
            board=place.printed("Try it")[0].rstrip("/"),
            newcomer=emails[0],
            accounts=[
                Account(provider, email, told[-1] if provider == "exchange" else "")
                for provider, email in zip(PROVIDERS, emails, strict=True)
            ],
        )
