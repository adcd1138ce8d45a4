"""Owns everything the emulated Google knows: mailboxes, calendars, channels and grants.

An etag is never used twice.
"""

from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256
from typing import Any

from tandem_sandbox.accounts import MailboxSeed
from tandem_sandbox.google.channels import Channels
from tandem_sandbox.google.model import Calendar, ListEntry, Mailbox, Role
from tandem_sandbox.grants import Grants
from tandem_sandbox.holders import Holders

SYNC_TOKEN_LIFE = timedelta(days=7)


class GoogleState(Holders[Mailbox, Grants]):
    """All mailboxes."""

    def __init__(self) -> None:
        super().__init__(Grants())
        self.calendars: dict[str, Calendar] = {}
        self.channels = Channels()
        self.sync_token_life = SYNC_TOKEN_LIFE
        """How long a sync token is good, by the sandbox's clock."""
        self._stamps = 0

    def seed(self, mailboxes: Iterable[MailboxSeed]) -> None:
        """Add mailboxes that are not there yet, with empty calendars."""
        for seed in mailboxes:
            mailbox = Mailbox(
                email=seed.email,
                name=seed.name,
                sub=account_number(seed.email),
                timezone=seed.timezone,
                locale=seed.locale,
                token=seed.token,
            )
            for one in seed.calendars:
                mailbox.entries[one.id] = ListEntry(
                    calendar_id=one.id, role=Role(one.access_role), primary=one.primary
                )
                self.calendars.setdefault(
                    one.id,
                    Calendar(
                        id=one.id, summary=one.summary, timezone=seed.timezone, owner=seed.email
                    ),
                )
            self.add(mailbox)

    def mailbox(self, email: str) -> Mailbox | None:
        """The mailbox with this address."""
        return self.mailboxes.get(email)

    def expire_sync_tokens(self, email: str | None = None) -> int:
        """Make sync tokens expire, all or those of one mailbox; tells of how many calendars."""
        meant = [one for one in self.mailboxes.values() if email is None or one.email == email]
        calendars = {calendar_id for one in meant for calendar_id in one.entries}
        for mailbox in meant:
            mailbox.list_generation += 1
        for calendar_id in calendars & self.calendars.keys():
            self.calendars[calendar_id].generation += 1
        return len(calendars)

    def stamp(self) -> str:
        """A fresh etag, in its quotes."""
        self._stamps += 1
        return f'"{3_500_000_000_000_000 + 2 * self._stamps}"'

    def reset(self) -> None:
        """Forget everything."""
        self.forget(Grants())
        self.calendars.clear()
        self.channels.clear()
        self.sync_token_life = SYNC_TOKEN_LIFE

    def dump(self) -> dict[str, Any]:
        """The state as JSON."""
        return {
            "stamps": self._stamps,
            "sync_token_life_seconds": self.sync_token_life.total_seconds(),
            "grants": self.grants.model_dump(mode="json"),
            "mailboxes": [one.model_dump(mode="json") for one in self.mailboxes.values()],
            "calendars": [one.model_dump(mode="json") for one in self.calendars.values()],
            "channels": self.channels.dump(),
        }

    def load(self, kept: dict[str, Any]) -> None:
        """Take over what ``dump`` gave."""
        self._stamps = kept["stamps"]
        self.sync_token_life = timedelta(seconds=kept["sync_token_life_seconds"])
        self.grants = Grants.model_validate(kept["grants"])
        for one in kept["mailboxes"]:
            self.add(Mailbox.model_validate(one))
        for one in kept["calendars"]:
            calendar = Calendar.model_validate(one)
            self.calendars[calendar.id] = calendar
        self.channels.load(kept["channels"])


def account_number(email: str) -> str:
    """The ``sub`` of an account: 21 digits, always the same for an address."""
    return f"1{int(sha256(email.encode()).hexdigest(), 16) % 10**20:020d}"
