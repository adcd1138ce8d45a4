"""Owns what may be done to events and by whom: made, changed, answered, moved, deleted.

The copy on the organizer's calendar is the truth; a guest's copy follows it in all that is
shared, and keeps what is the guest's own.
"""

from typing import Any

from tandem_sandbox.google import errors, occurrences
from tandem_sandbox.google.body import without_nulls
from tandem_sandbox.google.drafts import (
    Manner,
    changed_fields,
    check_etag,
    new_event,
    wanted_sequence,
)
from tandem_sandbox.google.guests import GuestList, answer_of, guest_change, shared_part
from tandem_sandbox.google.ledger import Ledger
from tandem_sandbox.google.model import Calendar, Event, Mailbox
from tandem_sandbox.world import World

RESCHEDULING = ("start", "end", "recurrence")


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
        event = new_event(calendar, actor, without_nulls(raw), manner, self._world.clock.now())
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
        event = new_event(calendar, actor, fields, manner, self._world.clock.now())
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
        check_etag(event, manner)
        if event.bare or (event.cancelled and raw.get("status") in (None, "cancelled")):
            raise errors.GoogleError(
                403, "eventCancelled", "The event has been cancelled.", domain="calendar"
            )
        status = raw.get("status") or ("confirmed" if whole else event.status)
        if status == "cancelled":
            self._delete(calendar, event, manner)
            return event
        before = dict(event.fields)
        fields = changed_fields(calendar, event, raw, manner, whole=whole)
        if event.organizer == calendar.id:
            self._change_own(calendar, event, fields, status, wanted_sequence(event, raw))
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
        check_etag(event, manner)
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
        if declined is not None:
            event.fields = {**event.fields, "attendees": declined}
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
        if shared_part(before) != shared_part(event.fields):
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
