"""Owns what may be done to events: made, changed, answered, deleted.

Every change is told to those who watch. A meeting's guests are mailed whenever its organizer
makes, changes or deletes it: Graph knows no way to keep quiet.
"""

import json
from hashlib import sha256
from typing import Any

from tandem_sandbox.microsoft import errors, fields, ids, times
from tandem_sandbox.microsoft.model import Calendar, Event, Transaction
from tandem_sandbox.microsoft.notify import Notifier
from tandem_sandbox.microsoft.representation import etag
from tandem_sandbox.world import World

Json = dict[str, Any]
QUIET = frozenset({"showAs", "categories", "isReminderOn", "reminderMinutesBeforeStart"})
"""Fields of which a change is nobody else's affair."""


class Desk:
    """Every write to events goes through here."""

    def __init__(self, world: World, notifier: Notifier) -> None:
        self._world = world
        self._state = world.microsoft
        self._notifier = notifier

    def create(self, calendar: Calendar, raw: Json) -> Event:
        """A new event; of a transaction that was carried out before, the one that it made.

        Raises:
            GraphError: the event cannot be, or the transaction made a different one.
        """
        _check_editable(calendar)
        transaction, asked = str(raw.get("transactionId") or ""), _digest(calendar, raw)
        known = self._made_before(calendar, transaction, asked)
        if known is not None:
            return known
        now = self._world.clock.now()
        start, end = times.settled(raw.get("start"), "start"), times.settled(raw.get("end"), "end")
        names = fields.properties_of(raw)
        key = f"{calendar.key}:{self._state.number()}"
        event = Event(
            key=key,
            fields=fields.settled({**fields.DEFAULTS, **fields.checked(raw)}, start, end),
            start=start,
            end=end,
            properties={name.lower(): value for name, value in names.items()},
            property_names={name.lower(): name for name in names},
            created=now,
            modified=now,
            ical_uid=f"040000008200E00074C5B7101A82E008{key.encode().hex().upper()}",
            organizer=calendar.owner,
        )
        calendar.put(event, now)
        if transaction:
            self._transactions(calendar)[transaction] = Transaction(event_key=key, asked=asked)
        self._mail("invitation", event, event.attendees)
        self._notifier.changed(calendar, event, "created")
        return event

    def change(self, calendar: Calendar, key: str, raw: Json, if_match: str | None) -> Event:
        """Lay `raw` over an event; an occurrence becomes an exception of its series.

        Raises:
            GraphError: there is no such event, it may not be changed so, or it was changed since
                the client read it.
        """
        _check_editable(calendar)
        event = found(calendar, key)
        _check_version(event, if_match)
        if "transactionId" in raw and raw["transactionId"] != event.fields.get("transactionId"):
            raise errors.invalid("transactionId can be set only when an event is made.")
        wanted = fields.checked(raw)
        if wanted.get("isOnlineMeeting") is False and event.fields["isOnlineMeeting"]:
            raise errors.invalid("An online meeting cannot be made an ordinary one.")
        before = dict(event.fields), event.start, event.end
        days = set(calendar.days_of(event)) if event.recurs else set()
        event.start = times.settled(raw["start"], "start") if raw.get("start") else event.start
        event.end = times.settled(raw["end"], "end") if raw.get("end") else event.end
        try:
            event.fields = fields.settled({**event.fields, **wanted}, event.start, event.end)
        except errors.GraphError:
            event.fields, event.start, event.end = before
            raise
        names = fields.properties_of(raw)
        event.properties |= {name.lower(): value for name, value in names.items()}
        event.property_names |= {name.lower(): name for name in names}
        calendar.put(event, self._world.clock.now())
        self._note_vanished(calendar, event, days)
        if (before[1], before[2]) != (event.start, event.end) or wanted.keys() - QUIET:
            self._mail_change(event, before[0].get("attendees", []))
        self._notifier.changed(calendar, event, "updated")
        return event

    def delete(self, calendar: Calendar, key: str, if_match: str | None) -> None:
        """Delete an event, an occurrence or a whole series.

        Raises:
            GraphError: there is no such event, or it was changed since the client read it.
        """
        _check_editable(calendar)
        event = found(calendar, key)
        _check_version(event, if_match)
        now = self._world.clock.now()
        if event.series_key and event.original_day:
            series = calendar.events[event.series_key]
            series.removed_days.append(event.original_day)
            exception = calendar.events.pop(event.key, None)
            calendar.put(series, now)
            series.vanished[event.original_day] = calendar.revision
            event = exception or event
        else:
            event.deleted = True
            calendar.put(event, now)
        if event.organizer == calendar.owner:
            self._mail("cancellation", event, event.attendees)
        self._notifier.changed(calendar, event, "deleted")

    def answer(self, calendar: Calendar, key: str, response: str, *, send: bool) -> None:
        """Note the owner's answer to an invitation.

        Raises:
            GraphError: there is no such event, or the owner organizes it.
        """
        event = found(calendar, key)
        if event.organizer == calendar.owner:
            raise errors.invalid("You can't respond to this meeting because you're the organizer.")
        event.response = response
        calendar.put(event, self._world.clock.now())
        if send:
            self._world.mails.sent("microsoft", "response", event.organizer, event.key)
        self._notifier.changed(calendar, event, "updated")

    def invite(self, calendar: Calendar, raw: Json, organizer: str) -> Event:
        """An event that somebody else organizes comes into a calendar."""
        event = self.create(calendar, {**raw, "attendees": []})
        event.organizer, event.response = organizer, "notResponded"
        event.fields["attendees"] = fields.checked({"attendees": raw.get("attendees", [])})[
            "attendees"
        ]
        return event

    def _made_before(self, calendar: Calendar, transaction: str, asked: str) -> Event | None:
        known = self._transactions(calendar).get(transaction)
        if known is None:
            return None
        event = calendar.find(known.event_key)
        if event is None or known.asked != asked:
            raise errors.transaction_used()
        return event

    def _transactions(self, calendar: Calendar) -> dict[str, Transaction]:
        return self._state.mailboxes[calendar.owner.lower()].transactions

    def _note_vanished(self, calendar: Calendar, series: Event, days: set[str]) -> None:
        left = set(calendar.days_of(series)) if series.recurs else set()
        for day in days - left:
            series.vanished[day] = calendar.revision
            calendar.events.pop(ids.occurrence_key(series.key, day), None)

    def _mail_change(self, event: Event, before: list[Json]) -> None:
        known, invited = _addresses(before), _addresses(event.attendees)
        self._mail(
            "invitation", event, [one for one in event.attendees if _address(one) not in known]
        )
        self._mail("update", event, [one for one in event.attendees if _address(one) in known])
        self._mail("cancellation", event, [one for one in before if _address(one) not in invited])

    def _mail(self, kind: str, event: Event, guests: list[Json]) -> None:
        for guest in guests:
            if _address(guest) != event.organizer:
                self._world.mails.sent("microsoft", kind, _address(guest), event.key)


def _digest(calendar: Calendar, raw: Json) -> str:
    """Tells requests for different events apart."""
    return sha256(json.dumps([calendar.key, raw], sort_keys=True).encode()).hexdigest()


def found(calendar: Calendar, key: str) -> Event:
    """The living event or occurrence with this key.

    Raises:
        GraphError: there is none.
    """
    event = calendar.find(key)
    if event is None:
        raise errors.not_found()
    return event


def _check_editable(calendar: Calendar) -> None:
    if not calendar.editable:
        raise errors.access_denied()


def _check_version(event: Event, if_match: str | None) -> None:
    if if_match not in {None, "*", etag(event)}:
        raise errors.stale()


def _address(guest: Json) -> str:
    return str(guest["emailAddress"]["address"]).lower()


def _addresses(guests: list[Json]) -> set[str]:
    return {_address(guest) for guest in guests}
