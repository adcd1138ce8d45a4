"""A mailbox of Outlook.com, used with plain requests to Graph."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Self

import httpx
from tests.e2e.company import Company
from tests.e2e.person import Person, in_days
from tests.e2e.waiting import eventually

from tandem_embedded.demo_user import connect_calendar
from tandem_embedded.stack import Stack
from tandem_sandbox.accounts import MailboxSeed

Json = dict[str, Any]


class Outlook:
    """A mailbox of Outlook.com, in the hands of its owner."""

    def __init__(self, stack: Stack, seed: MailboxSeed) -> None:
        self.email = seed.email
        self.graph = httpx.Client(
            base_url=stack.urls["sandbox"] + "/microsoft/v1.0/me",
            headers={
                "authorization": f"Bearer {seed.token}",
                "prefer": 'IdType="ImmutableId", outlook.timezone="UTC"',
            },
            timeout=30,
        )

    @classmethod
    @contextmanager
    def opened(cls, stack: Stack, company: Company) -> Iterator[Self]:
        """A new mailbox."""
        outlook = cls(stack, company.new_mailbox("microsoft", host="outlook.com"))
        yield outlook
        outlook.graph.close()

    def connect(self, person: Person, **settings: Any) -> None:
        """Have the mailbox synced with a signed-in person's activities."""
        shown = connect_calendar(person.tandem, email=self.email, settings=settings)
        person.connection_id = shown["id"]

    def events(self) -> list[Json]:
        """Everything that lies ahead, series as their occurrences."""
        window = {"startDateTime": f"{in_days(0):%Y-%m-%dT00:00:00Z}"}
        window["endDateTime"] = f"{in_days(60):%Y-%m-%dT00:00:00Z}"
        answer = self.graph.get("/calendarView", params={**window, "$top": "500"})
        answer.raise_for_status()
        events: list[Json] = answer.json()["value"]
        return events

    def event_named(self, subject: str) -> Json:
        """The one event with a subject, once it is there."""

        def look() -> Json | None:
            found = [one for one in self.events() if one["subject"] == subject]
            assert len(found) < 2, found
            return found[0] if found else None

        return eventually(look, what=f"event {subject}")

    def create(self, subject: str, begin: datetime, **fields: Any) -> Json:
        """Make an event of an hour."""
        body = {
            "subject": subject,
            "start": point(begin),
            "end": point(begin + timedelta(hours=1)),
        }
        return self._sent("POST", "/events", body | fields)

    def change(self, event_id: str, **fields: Any) -> Json:
        """PATCH an event."""
        return self._sent("PATCH", f"/events/{event_id}", fields)

    def delete(self, event_id: str) -> None:
        """Delete an event."""
        self.graph.delete(f"/events/{event_id}").raise_for_status()

    def _sent(self, method: str, path: str, body: Json) -> Json:
        answer = self.graph.request(method, path, json=body)
        assert answer.is_success, answer.text
        sent: Json = answer.json()
        return sent


def point(clock: datetime) -> Json:
    """A moment as Graph is told of it."""
    return {"dateTime": f"{clock:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}
