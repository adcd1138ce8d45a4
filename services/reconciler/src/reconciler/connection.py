"""A connection as the reconciler keeps it: its settings, and whether it may decide and write."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

from reconciler.core.model import Policy
from reconciler.core.reasons import Reason
from tandem.contracts.connections import ConnectionChanged, ConnectionStatus, Provider
from tandem.contracts.message import SyncUser

_WRITING = frozenset({ConnectionStatus.ACTIVE, ConnectionStatus.NEEDS_CONFIRMATION})
_BLOCKED_BY_STATUS = {
    ConnectionStatus.PAUSED: Reason.PAUSED,
    ConnectionStatus.RECONNECT_NEEDED: Reason.AUTH_LOST,
    ConnectionStatus.CALENDAR_GONE: Reason.CALENDAR_GONE,
}


@dataclass(frozen=True)
class Connection:
    """`both_read`: both sides were observed whole; `started`: what they showed was decided.

    `blocked`: a write was refused for the whole connection, and nothing was mended since.
    `remove_events`: whether the events that we made go, once it was `removed`. `restored_at`: when
    the database was put back to a backup, so that pairs of before may have been forgotten.
    `rules_changed`: what a change of its settings means was not decided yet, since it was at rest.
    """

    connection_id: UUID
    user: SyncUser
    revision: int
    told: ConnectionChanged | None
    both_read: bool = False
    started: bool = False
    blocked: Reason | None = None
    removed: bool = False
    remove_events: bool = False
    restored_at: datetime | None = None
    rules_changed: bool = False

    @cached_property
    def user_key(self) -> tuple[int, int]:
        """Company and user, as the repository wants them."""
        return (self.user.company_id, self.user.user_id)

    @cached_property
    def policy(self) -> Policy:
        """The user's choices as the core wants them."""
        told = self.known
        return Policy(
            settings=told.settings,
            user_id=told.user.user_id,
            owner_emails=frozenset({told.email.lower(), told.owner_email.lower()}),
            zone=ZoneInfo(told.owner_time_zone),
            mails_any_change=told.provider is Provider.MICROSOFT,
        )

    @property
    def known(self) -> ConnectionChanged:
        """The settings; only for a connection that was not removed before it was known."""
        if self.told is None:
            raise RuntimeError(f"connection {self.connection_id} was removed")
        return self.told

    @property
    def resting(self) -> Reason | None:
        """Why nothing is written for the connection as a whole; None where it may be."""
        if self.removed or self.told is None:
            return Reason.DISCONNECTED
        if self.blocked is not None:
            return self.blocked
        if self.told.settings.paused:
            return Reason.PAUSED
        if self.told.status not in _WRITING:
            return _BLOCKED_BY_STATUS.get(self.told.status, Reason.AWAITING)
        return None

    @property
    def forgotten(self) -> bool:
        """Whether it was removed and nothing of it is under way any more."""
        return self.removed and self.told is None

    def syncs(self, calendar_id: str) -> bool:
        """Whether a calendar is the one that it syncs."""
        return self.told is not None and self.told.settings.calendar_id == calendar_id

    @property
    def decides(self) -> bool:
        """Whether observations lead to decisions at once."""
        return self.started and self.resting is None

    @property
    def can_start(self) -> bool:
        """Whether everything is there for the first decisions."""
        return not self.started and self.both_read and self.resting is None

    def changed_to(self, told: ConnectionChanged) -> Self:
        """The connection with newer settings; another calendar starts from the beginning.

        Raises LookupError or ValueError where the owner's time zone is not a known one.
        """
        moved = (
            self.told is not None and self.told.settings.calendar_id != told.settings.calendar_id
        )
        changed = replace(
            self,
            revision=told.revision,
            told=told,
            started=self.started and not moved,
            both_read=self.both_read and not moved,
            blocked=None,
            restored_at=None if moved else self.restored_at,
        )
        rules = _rules(changed.policy)
        return replace(
            changed,
            rules_changed=changed.started and (self.rules_changed or rules != _rules(self.policy)),
        )


def _rules(policy: Policy) -> Policy:
    """By what is decided, whether there is a pause now or not."""
    return replace(policy, settings=policy.settings.model_copy(update={"paused": False}))
