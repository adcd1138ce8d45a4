"""What a decision leaves behind for people: history rows, and the last verdict of each item."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from reconciler.core.model import Entry, Fields, Link, Pending, Verb
from reconciler.core.reasons import Reason
from tandem.contracts.meetings import Meeting, Side
from tandem.runtime.telemetry import trace_id

_REVERTED: Final = "reverted"
_REVERTING: Final = frozenset({Reason.UNDONE, Reason.RECURRING_READ_ONLY})
_ACTIONS: Final = {Verb.CREATE: "created", Verb.UPDATE: "updated", Verb.DELETE: "deleted"}

UNREMARKABLE: Final = frozenset(
    {
        Reason.CREATED,
        Reason.UPDATED,
        Reason.DELETED,
        Reason.UNDONE,
        Reason.MATCHED,
        Reason.NO_CHANGE,
        Reason.AWAITING,
        Reason.NOT_OWNER,
    }
)
"""Verdicts that tell a user nothing that another row does not."""


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One row; `before` and `after` hold the fields that the row is about."""

    connection_id: UUID
    at: datetime
    side: Side
    activity_id: int | None
    event_id: str | None
    link_id: UUID | None
    title: str
    action: str
    reason: Reason
    detail: str = ""
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class Teller:
    """Writes rows for one connection, at one moment, within one trace (a `traceparent`)."""

    connection_id: UUID
    at: datetime
    trace: str | None

    def written(self, link: Link, side: Side, pending: Pending) -> HistoryRow:
        """The row of a write that has succeeded; `link` is what it was before."""
        return self._row(
            link,
            side,
            action=_REVERTED if pending.reason in _REVERTING else _ACTIONS[pending.verb],
            reason=pending.reason,
            before=pending.before,
            after=pending.after,
            fields=pending.fields or changed_by(pending),
        )

    def entry(self, link: Link, entry: Entry) -> HistoryRow:
        """The row of a decision that writes nothing."""
        return self._row(
            link,
            entry.side,
            action=entry.action,
            reason=entry.reason,
            before=entry.before,
            after=entry.after,
            fields=entry.fields,
        )

    def refused(self, link: Link, side: Side, reason: Reason, detail: str) -> HistoryRow:
        """The row of a write that a provider refused."""
        return self._row(link, side, action="refused", reason=reason, detail=detail)

    def skipped(
        self,
        side: Side,
        reason: Reason,
        *,
        title: str,
        activity_id: int | None = None,
        event_id: str | None = None,
        link_id: UUID | None = None,
    ) -> HistoryRow:
        """The row of an item that is left alone."""
        return HistoryRow(
            connection_id=self.connection_id,
            at=self.at,
            side=side,
            activity_id=activity_id,
            event_id=event_id,
            link_id=link_id,
            title=title,
            action="skipped",
            reason=reason,
            trace_id=trace_id(self.trace),
        )

    def _row(
        self,
        link: Link,
        side: Side,
        *,
        action: str,
        reason: Reason,
        before: Meeting | None = None,
        after: Meeting | None = None,
        fields: Fields = frozenset(),
        detail: str = "",
    ) -> HistoryRow:
        titled = after or before or (link.base.event if link.base else None)
        return HistoryRow(
            connection_id=self.connection_id,
            at=self.at,
            side=side,
            activity_id=link.activity_id,
            event_id=link.event_id,
            link_id=link.link_id,
            title=titled.title if titled else "",
            action=action,
            reason=reason,
            detail=detail,
            before=_shown(before, fields),
            after=_shown(after, fields),
            trace_id=trace_id(self.trace),
        )


def changed_by(pending: Pending) -> Fields:
    """Fields in which a write changes what people see."""
    if pending.before is None or pending.after is None:
        return frozenset()
    return pending.before.changed_fields(pending.after)


def _shown(meeting: Meeting | None, fields: Fields) -> dict[str, Any] | None:
    if meeting is None:
        return None
    return meeting.model_dump(mode="json", include={field.value for field in fields} or None)
