"""Owns what may be done to events and by whom: made, changed, answered, moved, deleted.

The copy on the organizer's calendar is the truth; a guest's copy follows it in all that is
shared, and keeps what is the guest's own.
"""

import secrets
from base64 import b32hexencode
from dataclasses import dataclass
from typing import Any, Literal

from tandem_sandbox.google import errors, occurrences, rules
from tandem_sandbox.google.body import merged, without_nulls
from tandem_sandbox.google.conferences import arrange
from tandem_sandbox.google.guests import GuestList, answer_of, guest_change
from tandem_sandbox.google.ledger import Ledger
from tandem_sandbox.google.model import Calendar, Event, Mailbox
from tandem_sandbox.world import World

ID_BYTES = 16
RESCHEDULING = ("start", "end", "recurrence")

Send = Literal["all", "externalOnly", "none"]


@dataclass(frozen=True, slots=True)
class Manner:
    """How a write is to be made, beside what is written."""

    send: Send = "none"
    conferences: bool = False
    attachments: bool = False
    if_match: str | None = None


class Desk:
    """Every write to events goes through here."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        self._world = world
        self._state = world.google
        self._ledger = ledger
        self._guests = GuestList(world, ledger)

    def insert(
        self, calendar: Calendar, actor: Mailbox, raw: dict[str, Any], manner: Manner
    ) -> Event:
        """A new event, organized by the calendar.

        Raises:
            GoogleError: the event cannot be, or its id is taken.
        """
        event = self._new(calendar, actor, without_nulls(raw), manner)
        event.organizer = calendar.id
        self._ledger.commit(calendar, event)
        self._guests.spread(calendar, event)
        self._guests.mail("invitation", calendar, event, event.attendees, manner.send)
        return event

    def take_in(
        self, calendar: Calendar, actor: Mailbox, raw: dict[str, Any], manner: Manner
    ) -> Event:
        """A private copy of an event that somebody else organizes; nobody hears of it.

        Raises:
            GoogleError: the event cannot be, or its id is taken.
        """
        fields = without_nulls(raw)
        if not fields.get("iCalUID"):
            raise errors.required("iCalUID")
        event = self._new(calendar, actor, fields, manner)
        event.organizer = (fields.get("organizer") or {}).get("email", calendar.id).lower()
        self._ledger.commit(calendar, event)
        return event

    def change(
        self,
        calendar: Calendar,
        event_id: str,
        raw: dict[str, Any],
        manner: Manner,
        *,
        whole: bool,
    ) -> Event:
        """Lay ``raw`` over an event, or put it in its place if it is the ``whole``.

        Raises:
            GoogleError: there is no such event, it may not be changed so, or it was changed
                since the client read it.
        """
        event = occurrences.find(calendar, event_id)
        _check_etag(event, manner)
        if event.bare or (event.cancelled and raw.get("status") in (None, "cancelled")):
            raise errors.GoogleError(
                403, "eventCancelled", "The event has been cancelled.", domain="calendar"
            )
        status = raw.get("status") or ("confirmed" if whole else event.status)
        if status == "cancelled":
            self._delete(calendar, event, manner)
            return event
        before = dict(event.fields)
        fields = self._fields(calendar, event, raw, manner, whole=whole)
        if event.organizer == calendar.id:
            self._change_own(calendar, event, fields, status, _sequence(event, raw))
            self._guests.spread(calendar, event, before)
            self._mail_change(calendar, event, before, manner)
        else:
            self._change_copy(calendar, event, fields, status, manner)
        return event

    def delete(self, calendar: Calendar, event_id: str, manner: Manner) -> None:
        """Delete an event; of a guest's copy, decline it and take it away.

        Raises:
            GoogleError: there is no such event, it is deleted already, or it was changed since
                the client read it.
        """
        event = occurrences.find(calendar, event_id)
        if event.cancelled:
            raise errors.gone()
        _check_etag(event, manner)
        self._delete(calendar, event, manner)

    def move(
        self, calendar: Calendar, event_id: str, destination: Calendar, manner: Manner
    ) -> Event:
        """Give an event to another calendar, which becomes its organizer.

        Raises:
            GoogleError: there is no such event, or it cannot be moved.
        """
        event = occurrences.find(calendar, event_id)
        if event.cancelled:
            raise errors.gone()
        if event.series_id is not None:
            raise errors.GoogleError(
                400, "cannotMoveInstance", "Cannot move an instance.", domain="calendar"
            )
        if event.organizer != calendar.id:
            raise errors.not_organizer("Only the organizer can move an event.")
        if event.fields.get("eventType", "default") != "default":
            raise errors.GoogleError(
                400, "eventTypeRestriction", "Only default events can be moved.", domain="calendar"
            )
        if destination.id == calendar.id:
            return event
        taken = destination.events.get(event.id)
        if taken is not None and not taken.cancelled:
            raise errors.duplicate()
        moved = self._hand_over(calendar, event, destination)
        self._guests.spread(destination, moved)
        self._guests.mail("update", destination, moved, moved.attendees, manner.send)
        return moved

    def _new(
        self, calendar: Calendar, actor: Mailbox, fields: dict[str, Any], manner: Manner
    ) -> Event:
        event_id = rules.check_client_id(fields["id"]) if fields.get("id") else _fresh_id()
        if event_id in calendar.events:
            raise errors.duplicate()
        status = fields.get("status", "confirmed")
        if status == "cancelled":
            raise errors.invalid("Invalid value for: status", "status")
        now = self._world.clock.now()
        event = Event(
            id=event_id,
            fields={},
            status=status,
            created=now,
            updated=now,
            sequence=max(fields.get("sequence", 0), 0),
            ical_uid=fields.get("iCalUID") or f"{event_id}@google.com",
            creator=actor.email,
            organizer=calendar.id,
        )
        event.fields = rules.settled(arrange({}, _supported(fields, {}, manner)), calendar)
        return event

    def _fields(
        self,
        calendar: Calendar,
        event: Event,
        raw: dict[str, Any],
        manner: Manner,
        *,
        whole: bool,
    ) -> dict[str, Any]:
        if "eventType" in raw and raw["eventType"] != event.fields.get("eventType", "default"):
            raise errors.GoogleError(
                400, "eventTypeRestriction", "Event type cannot be changed.", domain="calendar"
            )
        change = _supported(raw, event.fields, manner)
        if change.pop("attendeesOmitted", False) and change.get("attendees"):
            change["attendees"] = _laid_over(event.attendees, change["attendees"])
        if whole:
            kind = event.fields.get("eventType", "default")
            fields = {**without_nulls(change), "eventType": kind}
        else:
            fields = merged(event.fields, change)
        if event.series_id is not None:
            fields.pop("recurrence", None)
        return rules.settled(arrange(event.fields, fields), calendar)

    def _change_own(
        self,
        calendar: Calendar,
        event: Event,
        fields: dict[str, Any],
        status: str,
        sequence: int,
    ) -> None:
        before = event.fields
        if any(before.get(name) != fields.get(name) for name in RESCHEDULING):
            sequence = max(sequence, event.sequence + 1)
        event.sequence, event.status = sequence, status
        self._ledger.change(calendar, event, fields)

    def _change_copy(
        self,
        calendar: Calendar,
        event: Event,
        fields: dict[str, Any],
        status: str,
        manner: Manner,
    ) -> None:
        shared = guest_change(event, calendar.id, fields)
        event.status = status
        self._ledger.change(calendar, event, fields)
        if shared:
            self._guests.answer(calendar, event, shared)
            if manner.send != "none" and "attendees" in shared:
                self._world.mails.sent("google", "response", event.organizer, event.id)

    def _delete(self, calendar: Calendar, event: Event, manner: Manner) -> None:
        if event.organizer == calendar.id:
            self._ledger.cancel(calendar, event)
            self._guests.spread(calendar, event)
            self._guests.mail("cancellation", calendar, event, event.attendees, manner.send)
            return
        declined = answer_of(event, calendar.id, "declined")
        self._ledger.cancel(calendar, event)
        if declined is not None:
            self._guests.answer(calendar, event, {"attendees": declined})
            if manner.send != "none":
                self._world.mails.sent("google", "response", event.organizer, event.id)

    def _mail_change(
        self, calendar: Calendar, event: Event, before: dict[str, Any], manner: Manner
    ) -> None:
        known = {one["email"] for one in before.get("attendees", ())}
        invited = {one["email"] for one in event.attendees}
        new = [one for one in event.attendees if one["email"] not in known]
        old = [one for one in event.attendees if one["email"] in known]
        gone = [one for one in before.get("attendees", ()) if one["email"] not in invited]
        self._guests.mail("invitation", calendar, event, new, manner.send)
        self._guests.mail("update", calendar, event, old, manner.send)
        self._guests.mail("cancellation", calendar, event, gone, manner.send)

    def _hand_over(self, calendar: Calendar, event: Event, destination: Calendar) -> Event:
        moving = [event, *calendar.exceptions_of(event.id).values()]
        for one in moving:
            moved = one.model_copy(
                update={
                    "organizer": destination.id,
                    "fields": dict(one.fields),
                    "vanished": {},
                }
            )
            self._ledger.commit(destination, moved)
            one.bare = True
            self._ledger.cancel(calendar, one)
        return destination.events[event.id]


def _supported(raw: dict[str, Any], kept: dict[str, Any], manner: Manner) -> dict[str, Any]:
    """``raw`` without the parts that the client does not declare to understand."""
    result = dict(raw)
    for name, understood in (
        ("conferenceData", manner.conferences),
        ("attachments", manner.attachments),
    ):
        if not understood:
            result.pop(name, None)
            if name in kept:
                result[name] = kept[name]
    return result


def _laid_over(kept: list[dict[str, Any]], changed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The kept list of guests with those that the client sent in their places."""
    sent = {str(one.get("email")).lower(): one for one in changed}
    return [{**one, **sent.get(one["email"], {})} for one in kept]


def _sequence(event: Event, raw: dict[str, Any]) -> int:
    sequence = raw.get("sequence")
    if sequence is None:
        return event.sequence
    if sequence < event.sequence:
        raise errors.invalid(
            "Invalid sequence value. The specified sequence number is below the current sequence"
            " number of the resource. Re-fetch the resource and use its sequence number on the"
            " following request.",
            "sequence",
        )
    return int(sequence)


def _check_etag(event: Event, manner: Manner) -> None:
    wanted = manner.if_match
    if wanted is not None and wanted.strip() not in ("*", event.etag):
        raise errors.precondition_failed()


def _fresh_id() -> str:
    return b32hexencode(secrets.token_bytes(ID_BYTES)).rstrip(b"=").decode().lower()
