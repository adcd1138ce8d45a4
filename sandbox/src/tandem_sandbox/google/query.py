"""What ``events.list`` and ``events.instances`` can be asked for."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tandem_sandbox.google import errors
from tandem_sandbox.google.ask import Ask
from tandem_sandbox.google.model import Event
from tandem_sandbox.google.rules import CHOICES

PAGE_DEFAULT = 250
PAGE_MAX = 2500
UPDATED_MIN_LIFE = timedelta(days=28)
NOT_WITH_SYNC_TOKEN = (
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMin",
    "timeMax",
    "updatedMin",
)
NO_SYNC_TOKEN_AFTER = frozenset(NOT_WITH_SYNC_TOKEN) - {"timeMin", "timeMax"}


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a list."""

    single_events: bool = False
    show_deleted: bool = False
    order_by: str | None = None
    time_min: float | None = None
    time_max: float | None = None
    updated_min: datetime | None = None
    words: tuple[str, ...] = ()
    ical_uid: str | None = None
    event_types: frozenset[str] = frozenset()
    private: tuple[tuple[str, str], ...] = ()
    shared: tuple[tuple[str, str], ...] = ()
    page_size: int = PAGE_DEFAULT
    page_token: str | None = None
    sync_token: str | None = None
    syncable: bool = True
    """Whether the last page has a sync token."""

    @property
    def asked(self) -> str:
        """What must stay the same from a list to those that go on from it."""
        return json.dumps([self.single_events, sorted(self.event_types)])

    @property
    def asked_of_page(self) -> str:
        """What must stay the same from page to page."""
        return json.dumps(
            [
                self.asked,
                self.order_by,
                self.show_deleted,
                self.time_min,
                self.time_max,
                self.updated_min.isoformat() if self.updated_min else None,
                self.words,
                self.ical_uid,
                self.private,
                self.shared,
                self.sync_token,
            ]
        )

    def wants(self, event: Event) -> bool:
        """Whether an event passes the filters other than those of time and deletion."""
        if self.ical_uid is not None and event.ical_uid != self.ical_uid:
            return False
        if self.event_types and event.fields.get("eventType", "default") not in self.event_types:
            return False
        if self.updated_min is not None and event.updated < self.updated_min:
            return False
        if self.private or self.shared:
            properties = event.fields.get("extendedProperties", {})
            if not _has(properties.get("private", {}), self.private):
                return False
            if not _has(properties.get("shared", {}), self.shared):
                return False
        return not self.words or _mentions(event, self.words)

    def covers(self, start_at: float, end_at: float) -> bool:
        """Whether something from ``start_at`` to ``end_at`` lies within the bounds of time."""
        if self.time_min is not None and end_at <= self.time_min:
            return False
        return self.time_max is None or start_at < self.time_max


def read_query(ask: Ask, now: datetime) -> Query:
    """The parameters of ``events.list``.

    Raises:
        GoogleError: one is wrong, or two don't go together.
    """
    query = Query(
        single_events=ask.flag("singleEvents"),
        show_deleted=ask.flag("showDeleted"),
        order_by=ask.choice("orderBy", ("startTime", "updated")),
        time_min=_epoch(ask.stamp("timeMin")),
        time_max=_epoch(ask.stamp("timeMax")),
        updated_min=ask.stamp("updatedMin"),
        words=tuple(ask.query.get("q", "").lower().split()),
        ical_uid=ask.query.get("iCalUID"),
        event_types=frozenset(ask.query.getlist("eventTypes")),
        private=_properties(ask, "privateExtendedProperty"),
        shared=_properties(ask, "sharedExtendedProperty"),
        page_size=min(ask.number("maxResults") or PAGE_DEFAULT, PAGE_MAX),
        page_token=ask.query.get("pageToken"),
        sync_token=ask.query.get("syncToken"),
        syncable=not NO_SYNC_TOKEN_AFTER.intersection(ask.query.keys()),
    )
    if not query.event_types <= set(CHOICES["eventType"]):
        raise errors.invalid("Invalid event type.", "eventTypes")
    _check_together(ask, query, now)
    return query


def _check_together(ask: Ask, query: Query, now: datetime) -> None:
    if query.sync_token is not None:
        refused = [name for name in NOT_WITH_SYNC_TOKEN if name in ask.query]
        if ask.query.get("showDeleted") == "false":
            refused.append("showDeleted")
        if refused:
            raise errors.GoogleError(
                400,
                "syncTokenWithRequestRestrictions",
                f"Sync token cannot be used with: {', '.join(refused)}.",
                domain="calendar",
                location="syncToken",
            )
    if query.order_by == "startTime" and not query.single_events:
        raise errors.invalid(
            "The requested ordering is not available for the particular query.", "orderBy"
        )
    check_window(query)
    if query.updated_min is not None and query.updated_min + UPDATED_MIN_LIFE < now:
        raise errors.GoogleError(
            410,
            "updatedMinTooLongAgo",
            "The requested minimum modification time lies too far in the past.",
            domain="calendar",
            location="updatedMin",
        )


def check_window(query: Query) -> None:
    """See that the bounds of time leave something between them.

    Raises:
        GoogleError: they don't.
    """
    if (
        query.time_min is not None
        and query.time_max is not None
        and query.time_min >= query.time_max
    ):
        raise errors.GoogleError(
            400,
            "timeRangeEmpty",
            "The specified time range is empty.",
            domain="calendar",
            location="timeMax",
        )


def _epoch(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _properties(ask: Ask, name: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for text in ask.query.getlist(name):
        key, equals, value = text.partition("=")
        if not equals:
            raise errors.invalid("Invalid extended property constraint.", name)
        pairs.append((key, value))
    return tuple(pairs)


def _has(properties: dict[str, str], wanted: tuple[tuple[str, str], ...]) -> bool:
    return all(properties.get(name) == value for name, value in wanted)


def _mentions(event: Event, words: tuple[str, ...]) -> bool:
    fields: dict[str, Any] = event.fields
    texts = [fields.get(name, "") for name in ("summary", "description", "location")]
    texts += [event.organizer, *(one["email"] for one in event.attendees)]
    texts += [one.get("displayName", "") for one in event.attendees]
    text = "\n".join(texts).lower()
    return all(word in text for word in words)
