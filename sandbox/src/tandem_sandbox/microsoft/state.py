"""Owns everything the emulated Graph knows: mailboxes, calendars, subscriptions and grants."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any
from uuid import UUID

from tandem_sandbox.accounts import MailboxSeed
from tandem_sandbox.holders import Holders
from tandem_sandbox.microsoft.grants import RotatingGrants
from tandem_sandbox.microsoft.model import Calendar, Mailbox
from tandem_sandbox.microsoft.subscriptions import Subscriptions

CONCURRENT_MAX = 4


class MicrosoftState(Holders[Mailbox, RotatingGrants]):
    """All mailboxes."""

    def __init__(self) -> None:
        super().__init__(RotatingGrants())
        self.calendars: dict[str, Calendar] = {}
        self.subscriptions = Subscriptions()
        self.under_way: dict[str, int] = {}
        """Requests that are being answered, by mailbox."""
        self._numbers = 0

    def seed(self, mailboxes: Iterable[MailboxSeed]) -> None:
        """Add mailboxes that are not there yet, with empty calendars."""
        for seed in mailboxes:
            mailbox = Mailbox(
                email=seed.email,
                name=seed.name,
                user_id=str(UUID(sha256(seed.email.encode()).hexdigest()[:32])),
                timezone=seed.timezone,
                locale=seed.locale,
                token=seed.token,
            )
            for one in seed.calendars:
                calendar = Calendar(
                    key=one.id,
                    name="Calendar" if one.primary else one.summary,
                    owner=seed.email,
                    default=one.primary,
                    editable=one.access_role in {"owner", "writer"},
                )
                self.calendars.setdefault(one.id, calendar)
                mailbox.calendars.append(one.id)
            self.add(mailbox)

    def mailbox(self, email: str) -> Mailbox | None:
        """The mailbox with this address."""
        return self.mailboxes.get(email.lower())

    def default_calendar(self, mailbox: Mailbox) -> Calendar:
        """The calendar that new events go to."""
        return next(
            calendar
            for key in mailbox.calendars
            if (calendar := self.calendars[key]).default and not calendar.deleted
        )

    def number(self) -> int:
        """A number that was never given before."""
        self._numbers += 1
        return self._numbers

    def expire_delta_tokens(self, email: str | None = None) -> int:
        """Make delta tokens expire, all or those of one mailbox; tells of how many calendars."""
        meant = [one for one in self.calendars.values() if email is None or one.owner == email]
        for calendar in meant:
            calendar.generation += 1
        return len(meant)

    def reset(self) -> None:
        """Forget everything."""
        self.forget(RotatingGrants())
        self.calendars.clear()
        self.under_way.clear()
        self.subscriptions = Subscriptions()

    def dump(self) -> dict[str, Any]:
        """The state as JSON."""
        return {
            "numbers": self._numbers,
            "grants": self.grants.model_dump(mode="json"),
            "mailboxes": [one.model_dump(mode="json") for one in self.mailboxes.values()],
            "calendars": [one.model_dump(mode="json") for one in self.calendars.values()],
            "subscriptions": self.subscriptions.model_dump(mode="json"),
        }

    def load(self, kept: dict[str, Any]) -> None:
        """Take over what `dump` gave."""
        self._numbers = kept["numbers"]
        self.grants = RotatingGrants.model_validate(kept["grants"])
        self.subscriptions = Subscriptions.model_validate(kept["subscriptions"])
        for one in kept["mailboxes"]:
            self.add(Mailbox.model_validate(one))
        for one in kept["calendars"]:
            calendar = Calendar.model_validate(one)
            self.calendars[calendar.key] = calendar
