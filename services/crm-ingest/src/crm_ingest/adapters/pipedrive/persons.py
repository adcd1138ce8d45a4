"""Finds the person behind an e-mail address; answers are remembered for a few minutes."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from crm_ingest.adapters.pipedrive.client import Json, MissingError, PipedriveClient
from crm_ingest.crm import Account, ForbiddenError
from tandem.runtime.clock import Clock

REMEMBERED: Final = timedelta(minutes=5)
REMEMBERED_MAX: Final = 10_000
SEARCHES_MAX: Final = 20
"""A search costs as much as four writes, so a crowd is invited without being linked."""
AT_A_TIME: Final = 4


@dataclass(frozen=True)
class Person:
    """A person of the company."""

    person_id: int
    name: str


class Persons:
    """Exact search by e-mail, as far as the account sees; the oldest person of several counts."""

    def __init__(self, client: PipedriveClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._known: dict[tuple[int, int, str], tuple[Person | None, datetime]] = {}

    async def by_emails(self, account: Account, emails: Collection[str]) -> dict[str, Person]:
        """The persons that there are, by address."""
        asked = sorted(emails)[:SEARCHES_MAX]
        room = asyncio.Semaphore(AT_A_TIME)

        async def one(email: str) -> Person | None:
            async with room:
                return await self._by_email(account, email)

        found = await asyncio.gather(*(one(email) for email in asked))
        return {
            email: person for email, person in zip(asked, found, strict=True) if person is not None
        }

    async def _by_email(self, account: Account, email: str) -> Person | None:
        place = (account.user.company_id, account.user.user_id, email)
        now = self._clock.now()
        known = self._known.get(place)
        if known is not None and known[1] > now:
            return known[0]
        person = await self._search(account, email)
        if len(self._known) >= REMEMBERED_MAX:
            self._known.clear()
        self._known[place] = (person, now + REMEMBERED)
        return person

    async def _search(self, account: Account, email: str) -> Person | None:
        try:
            answer = await self._client.read(
                account,
                "persons.search",
                "/api/v2/persons/search",
                {"term": email, "fields": "email", "exact_match": True, "limit": 10},
            )
        except (ForbiddenError, MissingError):
            return None
        items = [_item(entry) for entry in (answer.get("data") or {}).get("items") or ()]
        fitting = [
            item
            for item in items
            if email in {str(address).lower() for address in item.get("emails") or ()}
        ]
        if not fitting:
            return None
        oldest = min(fitting, key=lambda item: int(item["id"]))
        return Person(int(oldest["id"]), str(oldest.get("name") or ""))


def _item(entry: Json) -> Json:
    item = entry.get("item")
    return item if isinstance(item, dict) else {}
