"""The CRM as this service sees it: a port, and the values that pass through it.

An implementation raises `Retryable` for bad weather, `GrantLostError` where only the user can
help, `RefusedError` for what the provider will never do.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from tandem.contracts.activities import ActivitySnapshot, DealContact
from tandem.contracts.commands import ActivityDraft
from tandem.contracts.meetings import MeetingField
from tandem.contracts.message import SyncUser
from tandem.runtime.failures import Permanent, Retryable


class RefusedError(Permanent):
    """The provider refused for good; the message is its own short reason."""


class ForbiddenError(RefusedError):
    """The account may not do or see this."""


class UncertainError(Retryable):
    """Nobody knows whether a write was carried out: its answer was lost."""


@dataclass(frozen=True)
class Account:
    """Access of one sync user to his company; `background` work yields to the rest."""

    user: SyncUser
    credential_id: UUID
    api_url: str
    owner_email: str = ""
    include_contact: bool = False
    background: bool = False

    def in_background(self) -> "Account":
        """The same access for work that nobody waits for."""
        return replace(self, background=True)


@dataclass(frozen=True)
class Invitee:
    """An entry of an activity's guest list, as it is kept there."""

    email: str
    name: str = ""
    status: str | None = None
    is_organizer: bool = False
    person_id: int | None = None
    user_id: int | None = None


@dataclass(frozen=True)
class Participant:
    """A person linked to an activity."""

    person_id: int
    primary: bool = False


@dataclass(frozen=True)
class Reading:
    """One activity as it was read; `invitees` None means that the answer did not tell."""

    activity: ActivitySnapshot
    deleted: bool = False
    creator_id: int | None = None
    deal_id: int | None = None
    person_id: int | None = None
    organization_id: int | None = None
    invitees: tuple[Invitee, ...] | None = None
    participants: tuple[Participant, ...] = ()


@dataclass(frozen=True)
class Page:
    """One page of a list; `cursor` None means that it was the last."""

    readings: tuple[Reading, ...]
    cursor: str | None = None


@dataclass(frozen=True)
class Subscription:
    """One of our webhooks as the CRM has it; `working` False: it brings nothing (any more)."""

    webhook_id: str
    working: bool


@dataclass(frozen=True)
class ActivityKind:
    """An activity type that can be chosen."""

    key: str
    name: str
    icon: str
    color: str | None


class Activities(Protocol):
    """Reads and writes activities; `None` for one that does not exist (any more)."""

    async def get(self, account: Account, activity_id: int) -> Reading | None:
        """Read one activity with its guests."""
        ...

    async def of_owner(
        self, account: Account, *, updated_since: datetime | None = None, cursor: str | None = None
    ) -> Page:
        """List activities that the account's user owns, a page at a time."""
        ...

    async def of_company(
        self, account: Account, *, updated_since: datetime, cursor: str | None = None
    ) -> Page:
        """List activities of everybody, as far as the account may see them, likewise."""
        ...

    async def by_ids(self, account: Account, activity_ids: Sequence[int]) -> tuple[Reading, ...]:
        """Read up to 100 activities; those that do not exist are left out."""
        ...

    async def create(self, account: Account, *, kind: str, draft: ActivityDraft) -> Reading:
        """Make an activity owned by the account's user."""
        ...

    async def change(
        self,
        account: Account,
        present: Reading,
        *,
        fields: Collection[MeetingField],
        draft: ActivityDraft,
    ) -> Reading | None:
        """Change the named fields and nothing else."""
        ...

    async def delete(self, account: Account, activity_id: int) -> None:
        """Delete an activity; one that is gone already is as good."""
        ...


class Contacts(Protocol):
    """Looks up who activities are about."""

    async def of_activities(
        self, account: Account, readings: Sequence[Reading]
    ) -> tuple[DealContact, ...]:
        """Deal, person and organisation of each activity, as far as the account may see them."""
        ...


class Subscriptions(Protocol):
    """The company's webhooks that lead to us."""

    @property
    def terms(self) -> str:
        """Digest of what we ask for; a webhook made under other terms must be replaced."""
        ...

    async def ours(self, account: Account) -> tuple[Subscription, ...]:
        """All webhooks with our address."""
        ...

    async def create(self, account: Account) -> Subscription:
        """Subscribe to every change of every activity."""
        ...

    async def delete(self, account: Account, webhook_id: str) -> None:
        """Remove a webhook; one that is gone already is as good."""
        ...


class Company(Protocol):
    """What holds for a company as a whole."""

    async def activity_kinds(self, account: Account) -> tuple[ActivityKind, ...]:
        """Active activity types, in their order."""
        ...

    async def probe(self, account: Account) -> None:
        """Return if the account has access; raises as any other call."""
        ...


@dataclass(frozen=True)
class Crm:
    """Everything that this service asks of the CRM."""

    activities: Activities
    contacts: Contacts
    subscriptions: Subscriptions
    company: Company
