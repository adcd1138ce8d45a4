"""A mailbox at an Exchange server, used with exchangelib."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from exchangelib import (
    DELEGATE,
    Account,
    CalendarItem,
    Configuration,
    Credentials,
    EWSDateTime,
    EWSTimeZone,
)
from exchangelib.items import SEND_TO_NONE
from tests.e2e.company import Company
from tests.e2e.person import Person, in_days
from tests.e2e.waiting import eventually

from tandem_embedded.demo_user import connect_exchange
from tandem_embedded.stack import Stack
from tandem_sandbox.accounts import MailboxSeed


class Office:
    """A mailbox at the Exchange server, in the hands of its owner."""

    def __init__(self, stack: Stack, seed: MailboxSeed) -> None:
        self.email, self.password = seed.email, seed.password
        self.server = stack.urls["sandbox"] + "/exchange/EWS/Exchange.asmx"
        self.account = Account(
            seed.email,
            config=Configuration(
                service_endpoint=self.server, credentials=Credentials(seed.email, seed.password)
            ),
            autodiscover=False,
            access_type=DELEGATE,
            default_timezone=EWSTimeZone("UTC"),
        )

    @classmethod
    @contextmanager
    def opened(cls, stack: Stack, company: Company) -> Iterator[Self]:
        """A new mailbox at the server."""
        office = cls(stack, company.new_mailbox("exchange", host="onprem.example"))
        yield office
        office.account.protocol.close()

    def connect(self, person: Person) -> None:
        """Have the mailbox synced with a signed-in person's activities."""
        shown = connect_exchange(person.tandem, email=self.email, password=self.password)
        person.connection_id = shown["id"]

    def events(self) -> list[CalendarItem]:
        """Everything that lies ahead."""
        now = EWSDateTime.from_datetime(datetime.now(UTC))
        return list(self.account.calendar.view(start=now, end=now + timedelta(days=60)))

    def event_named(self, subject: str) -> CalendarItem:
        """The one event with a subject, once it is there."""

        def look() -> CalendarItem | None:
            found = [one for one in self.events() if one.subject == subject]
            assert len(found) < 2, found
            return found[0] if found else None

        return eventually(look, what=f"event {subject}")

    def on(self, day: int) -> CalendarItem:
        """The one event of a coming day."""
        [found] = [one for one in self.events() if one.start == in_days(day)]
        return found

    def create(self, subject: str, begin: datetime, **fields: Any) -> CalendarItem:
        """Make an event of an hour."""
        start = EWSDateTime.from_datetime(begin)
        item = CalendarItem(
            account=self.account,
            folder=self.account.calendar,
            subject=subject,
            start=start,
            end=start + timedelta(hours=1),
            **fields,
        )
        return item.save(send_meeting_invitations=SEND_TO_NONE)
