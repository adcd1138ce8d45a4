"""A calendar account as this service sees it: a port for every provider, and what passes through.

An implementation raises `Retryable` for bad weather, `GrantLostError` where only the user can
help, `CalendarGoneError` where the calendar is no more, and the errors below for single events.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from tandem.contracts.connections import Provider
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Meeting, MeetingField
from tandem.runtime.failures import Permanent


class RefusedError(Permanent):
    """The provider refused for good; the message is its own short reason."""


class CloudMailboxError(RefusedError):
    """The mailbox is in Exchange Online, which is reached through Graph."""


class OnPremisesMailboxError(RefusedError):
    """The mailbox is at an Exchange server of its organisation, which is reached directly."""


class NotOrganizerError(RefusedError):
    """Only the organiser of the event may do this."""


class CalendarGoneError(Permanent):
    """The calendar was deleted, or is not shared with the account any more."""


class MissingError(Permanent):
    """The event does not exist any more."""


class StaleError(Permanent):
    """The event has another version than the write asked for; `event` is what it is now."""

    def __init__(self, event: EventSnapshot) -> None:
        super().__init__("the event has changed meanwhile")
        self.event = event


class CursorExpiredError(Permanent):
    """The provider can not tell what changed since this cursor; read everything again."""


class UnwatchableError(Permanent):
    """The provider does not push changes of this calendar; the message is its reason."""


@dataclass(frozen=True)
class Account:
    """Access to one account; `background` work yields to the rest."""

    credential_id: UUID
    background: bool = False


@dataclass(frozen=True)
class Calendar:
    """One calendar of an account."""

    account: Account
    calendar_id: str


@dataclass(frozen=True)
class ListedCalendar:
    """A calendar as its account lists it; `time_zone` is an IANA name, or empty."""

    calendar_id: str
    name: str
    primary: bool
    writable: bool
    time_zone: str


@dataclass(frozen=True)
class Tombstone:
    """The provider's word that an event was deleted or cancelled."""

    event_id: str
    updated_at: datetime | None = None


@dataclass(frozen=True)
class Changes:
    """One page of what changed.

    `cursor` leads on from here: to the next page while there is `more`, else to later changes.
    `series` are recurring events that changed in what they are or when: their occurrences are to
    be read anew by `Recurring`. A provider whose changes tell of each occurrence leaves it empty.
    The tombstone of a recurring event is the provider's word for all that is still to come of it.
    """

    observed: tuple[EventSnapshot, ...]
    gone: tuple[Tombstone, ...]
    cursor: str
    more: bool
    series: tuple[str, ...] = ()


@dataclass(frozen=True)
class Window:
    """A stretch of time."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Occurrences:
    """One page of occurrences; `page` leads to the next one."""

    observed: tuple[EventSnapshot, ...]
    page: str | None


@dataclass(frozen=True)
class Created:
    """An event that exists now; `deleted` says that somebody has deleted it since.

    `found`: an earlier try has made it, so its owner may have edited it since.
    """

    event: EventSnapshot
    deleted: bool = False
    found: bool = False


@dataclass(frozen=True)
class NewEvent:
    """An event to be made. `link_id` with `generation` names it for good.

    `repeated` False: nobody has tried before, so that nothing of that name can be there.
    """

    link_id: UUID
    generation: int
    meeting: Meeting
    time_zone: str
    notify: bool = False
    repeated: bool = True


@dataclass(frozen=True)
class EventEdit:
    """Changes to one event, of the named fields only, where it still has `version`."""

    event_id: str
    version: str
    fields: frozenset[MeetingField]
    meeting: Meeting
    time_zone: str
    notify: bool = False


@dataclass(frozen=True)
class Channel:
    """A push channel as the provider knows it."""

    channel_id: str
    resource_id: str
    expires_at: datetime


class Calendars(Protocol):
    """Lists, reads and writes calendars."""

    async def list(self, account: Account, /) -> tuple[ListedCalendar, ...]:
        """All calendars of the account."""
        ...

    async def changes(self, calendar: Calendar, cursor: str | None) -> Changes:
        """What changed since `cursor`; without one, all events that ended after a month ago.

        Raises CursorExpiredError where the provider has forgotten the cursor.
        """
        ...

    async def get(self, calendar: Calendar, event_id: str) -> EventSnapshot | None:
        """Read one event; None where it is deleted, cancelled, unknown or a whole series."""
        ...

    async def create(self, calendar: Calendar, new: NewEvent) -> Created:
        """Make an event; repeating it makes no second one, and finds the first as it is now."""
        ...

    async def update(self, calendar: Calendar, edit: EventEdit) -> EventSnapshot:
        """Change an event; raises StaleError, MissingError, NotOrganizerError, RefusedError."""
        ...

    async def delete(
        self, calendar: Calendar, event_id: str, *, version: str, notify: bool = False
    ) -> None:
        """Delete an event where it still has `version` (empty: whatever it has).

        One that is gone already is as good. Raises StaleError and RefusedError.
        """
        ...


class Recurring(Protocol):
    """Reads occurrences of series, each as an event that tells its `series` and bears no mark.

    An occurrence that is changed or cancelled by itself may come with `Calendars.changes` too, and
    `Calendars.get` reads one by its id.
    """

    async def occurrences(
        self,
        calendar: Calendar,
        window: Window,
        *,
        series_id: str | None = None,
        page: str | None = None,
    ) -> Occurrences:
        """Occurrences that take place in a window, of one series or of all in few calls.

        One that is no series, or not any more, has none.
        """
        ...


class Push(Protocol):
    """Asks a provider to tell us when a calendar changes."""

    async def subscribe(self, calendar: Calendar, *, channel_id: str, secret: str) -> Channel:
        """Open a channel; the provider sends `secret` with each notice. See UnwatchableError."""
        ...

    async def renew(self, calendar: Calendar, channel: Channel, /) -> Channel | None:
        """Prolong a channel; None where it takes a new one beside the old."""
        ...

    async def unsubscribe(self, account: Account, channel: Channel, /) -> None:
        """Close a channel; one that is closed already is as good."""
        ...


@dataclass(frozen=True)
class Access:
    """Everything that one provider can do for us; without `recurring` series are left alone.

    `backfill_at_once` writes of a backfill to one mailbox are best begun together.
    """

    calendars: Calendars
    push: Push
    recurring: Recurring | None = None
    backfill_at_once: int = 1


Providers = Mapping[Provider, Access]
"""The providers that this installation knows."""
