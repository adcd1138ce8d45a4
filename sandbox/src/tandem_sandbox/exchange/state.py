"""Owns everything the emulated Exchange knows. Changes are numbered over the whole server."""

import base64
from collections.abc import Iterable
from typing import Any

from tandem_sandbox.accounts import MailboxSeed
from tandem_sandbox.exchange.model import (
    CALENDAR,
    DELETED_ITEMS,
    MESSAGE_ROOT,
    ROOT,
    Folder,
    Mailbox,
)
from tandem_sandbox.exchange.subscription import Subscription


class ExchangeState:
    """All mailboxes and subscriptions."""

    def __init__(self) -> None:
        self.mailboxes: dict[str, Mailbox] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self._changes = 0

    def seed(self, mailboxes: Iterable[MailboxSeed]) -> None:
        """Add mailboxes that are not there yet, with empty folders."""
        for seed in mailboxes:
            mailbox = Mailbox(
                email=seed.email, name=seed.name, timezone=seed.timezone, password=seed.password
            )
            for folder in _folders(seed):
                mailbox.folders[folder.id] = folder
            self.mailboxes[seed.email] = mailbox

    def change(self) -> int:
        """The number of a new change."""
        self._changes += 1
        return self._changes

    @property
    def last_change(self) -> int:
        """The number of the last change."""
        return self._changes

    def by_login(self, user: str, password: str) -> Mailbox | None:
        """Whose password this is, while it is good."""
        mailbox = self.mailboxes.get(user.lower())
        if mailbox is None or mailbox.locked or mailbox.password != password:
            return None
        return mailbox

    def revoke(self, email: str) -> int:
        """Let the password of a mailbox be wrong from now on."""
        mailbox = self.mailboxes.get(email)
        if mailbox is None or mailbox.locked:
            return 0
        mailbox.locked = True
        return 1

    def restore(self, email: str) -> bool:
        """Make the password of a mailbox good again."""
        mailbox = self.mailboxes.get(email)
        if mailbox is not None:
            mailbox.locked = False
        return mailbox is not None

    def expire_sync_states(self, email: str) -> None:
        """Let every sync state that the mailbox has given expire."""
        for folder in self.mailboxes[email].folders.values():
            folder.generation += 1

    def reset(self) -> None:
        """Forget everything."""
        self.mailboxes.clear()
        self.subscriptions.clear()

    def dump(self) -> dict[str, Any]:
        """The state as JSON."""
        return {
            "changes": self._changes,
            "mailboxes": [one.model_dump(mode="json") for one in self.mailboxes.values()],
            "subscriptions": [one.model_dump(mode="json") for one in self.subscriptions.values()],
        }

    def load(self, kept: dict[str, Any]) -> None:
        """Take over what `dump` gave."""
        self._changes = kept["changes"]
        for one in kept["mailboxes"]:
            mailbox = Mailbox.model_validate(one)
            self.mailboxes[mailbox.email] = mailbox
        for one in kept["subscriptions"]:
            subscription = Subscription.model_validate(one)
            self.subscriptions[subscription.id] = subscription


def folder_id(email: str, name: str) -> str:
    """The id of a folder, always the same for a mailbox."""
    return "AQMk" + base64.b64encode(f"{email}/{name}".encode()).decode()


def _folders(seed: MailboxSeed) -> Iterable[Folder]:
    root = Folder(id=folder_id(seed.email, ROOT), name="Root", kind="Folder", distinguished=ROOT)
    top = Folder(
        id=folder_id(seed.email, MESSAGE_ROOT),
        name="Top of Information Store",
        kind="Folder",
        distinguished=MESSAGE_ROOT,
        parent_id=root.id,
    )
    yield root
    yield top
    yield Folder(
        id=folder_id(seed.email, DELETED_ITEMS),
        name="Deleted Items",
        kind="Folder",
        distinguished=DELETED_ITEMS,
        parent_id=top.id,
    )
    for calendar in seed.calendars:
        yield Folder(
            id=folder_id(seed.email, calendar.id),
            name="Calendar" if calendar.primary else calendar.summary,
            kind="CalendarFolder",
            distinguished=CALENDAR if calendar.primary else None,
            parent_id=top.id,
            writable=calendar.access_role in {"owner", "writer"},
        )
