"""What the decisions are about: links, their bases, what was observed, and the plan.

Plain frozen dataclasses; equality is by value.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from reconciler.core.reasons import Reason
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.connections import ConnectionSettings, Direction
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Meeting, MeetingField, Side

Fields = frozenset[MeetingField]
NO_FIELDS: Fields = frozenset()
ALL_FIELDS: Fields = frozenset(MeetingField)


class LinkState(StrEnum):
    """`RESTING` links keep both ids and may wake; `DISSOLVED` ones only remember."""

    ACTIVE = "active"
    RESTING = "resting"
    DISSOLVED = "dissolved"


class Verb(StrEnum):
    """What a write does."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Base:
    """What each side looked like when both last agreed.

    Two representations of one agreement: a provider may rewrite what it is given, so each side
    is compared only with what it itself showed then.
    """

    activity: Meeting
    event: Meeting


@dataclass(frozen=True, slots=True)
class Pending:
    """A write under way, and what its success will mean.

    `agreed` is the other side's meeting that the write carries over (None for a delete); `fields`
    the fields that both sides agree on afterwards; `block` the deal/contact block that it leaves
    in the event (None: as it was). `before` and `after` are the side that is written to.
    `suppress`: after a delete, the sides whose item must not be taken as new.
    """

    verb: Verb
    fields: Fields
    reason: Reason
    revision: int
    agreed: Meeting | None = None
    before: Meeting | None = None
    after: Meeting | None = None
    block: str | None = None
    suppress: frozenset[Side] = frozenset()

    def asks_the_same(self, other: "Pending") -> bool:
        """Whether another write would do the same to an item that is still the same."""
        return replace(self, revision=0, agreed=None) == replace(other, revision=0, agreed=None)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A write that a provider or the user refused for good; the same one is not asked for again."""

    side: Side
    write: Pending


@dataclass(frozen=True, slots=True)
class Attempt:
    """Creates of an item, or updates, that failed: one may have been done between two moments.

    `writes` are the first one and the latest, in order.
    """

    side: Side
    writes: tuple[Pending, ...]
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """The pair (activity, event) of one connection. `link_id` None: not stored yet.

    `activity_type` is the type at the last agreement, None while it has never been a synced one;
    `block` the deal/contact block last written. `refused` is the write for which the link rests,
    `also_refused` the one to the other side, where both are; without the first it means nothing.
    Of a link that ended with its calendar it is the deletion that the user has rejected.
    `suppress` are the sides whose item, though it lives on, must not be taken as new.
    `series_id` is the series whose occurrence its event is. `attempted` are creates of the
    missing side that failed, or updates of one that is there. `quiet`: a backfill has asked for the
    write that is under way, or for one that came to nothing and is still to be done.
    `former_activity_id` is the deleted activity that the present one was made again for,
    `earlier_activity_ids` those that were made again before it, the oldest first.
    """

    link_id: UUID | None
    origin: Side
    activity_id: int | None = None
    event_id: str | None = None
    state: LinkState = LinkState.ACTIVE
    reason: Reason | None = None
    generation: int = 0
    revision: int = 0
    base: Base | None = None
    activity_type: str | None = None
    block: str = ""
    refused: Refusal | None = None
    suppress: frozenset[Side] = frozenset()
    series_id: str | None = None
    attempted: Attempt | None = None
    quiet: bool = False
    also_refused: Refusal | None = None
    former_activity_id: int | None = None
    earlier_activity_ids: tuple[int, ...] = ()
    pending_activity: Pending | None = None
    pending_event: Pending | None = None

    @property
    def last_activity_id(self) -> int | None:
        """Its activity; where that is to be made again, the deleted one."""
        return self.activity_id or self.former_activity_id

    @property
    def former_activity_ids(self) -> tuple[int, ...]:
        """All the deleted activities that are known of it, the oldest first."""
        if self.former_activity_id is None:
            return ()
        return (*self.earlier_activity_ids, self.former_activity_id)

    @property
    def pending(self) -> bool:
        """Whether a write to either side is under way."""
        return self.pending_activity is not None or self.pending_event is not None

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """The writes that are not asked for again while the items are the same, one a side."""
        if self.refused is None:
            return ()
        return (self.refused,) if self.also_refused is None else (self.refused, self.also_refused)

    def pending_on(self, side: Side) -> Pending | None:
        """The write to one side that is under way."""
        return self.pending_activity if side is Side.CRM else self.pending_event


@dataclass(frozen=True, slots=True)
class Gone:
    """The provider said that the item was deleted."""

    observed_at: datetime


@dataclass(frozen=True, slots=True)
class Observed:
    """All that is known of one pair; a side that was never observed is None.

    Of a link that has ended only one item counts, unless both are there and go on together.
    `contested`: a write of ours is under way, and this unlinked item may turn out to be its link's:
    what a create has made, or the first occurrence of what it was to change.
    `doubled`: the link has ended, and its other item has a new one.
    `crowded`: as many occurrences of this unlinked one's series are linked as may be.
    `remade`: the link's activity is gone, and another connection is making it again.
    """

    link: Link | None = None
    activity: ActivitySnapshot | Gone | None = None
    event: EventSnapshot | Gone | None = None
    contested: bool = False
    doubled: bool = False
    crowded: bool = False
    remade: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """The user's choices, and who the user is. `owner_emails` are never guests.

    `mails_any_change`: the provider mails the guests of a meeting whatever is done to it.
    """

    settings: ConnectionSettings
    user_id: int
    owner_emails: frozenset[str]
    zone: ZoneInfo
    mails_any_change: bool = False

    @property
    def two_way(self) -> bool:
        """Whether calendar changes may become Pipedrive changes of any item."""
        return self.settings.direction is Direction.TWO_WAY


@dataclass(frozen=True, slots=True)
class Write:
    """One write that the plan asks for; `meeting` is the target (None for a delete).

    `silent`: nobody has edited what it carries, so nobody is mailed of it.
    """

    side: Side
    verb: Verb
    fields: Fields
    meeting: Meeting | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision for the history that is not the success of a write."""

    side: Side
    action: str
    reason: Reason
    before: Meeting | None = None
    after: Meeting | None = None
    fields: Fields = NO_FIELDS


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows from an observation. `link` None: no link, or it stays as it is."""

    reason: Reason
    link: Link | None = None
    writes: tuple[Write, ...] = ()
    entries: tuple[Entry, ...] = ()
