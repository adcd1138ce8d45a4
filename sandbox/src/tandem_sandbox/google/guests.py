"""Owns the copies of an event on the calendars of its guests, and the mails about it.

All copies agree in what is shared; what is a guest's own never leaves his copy.
"""

from typing import Any

from tandem_sandbox.google import errors
from tandem_sandbox.google.ledger import Ledger, differing
from tandem_sandbox.google.model import Calendar, Event
from tandem_sandbox.google.occurrences import look_up
from tandem_sandbox.world import World

OWN = frozenset({"reminders", "colorId", "transparency", "visibility", "source"})
"""Fields of the copy alone, beside the private extended properties."""
ANSWER = frozenset({"responseStatus", "comment", "additionalGuests"})
TAKEN_ON_INVITATION = ("transparency", "visibility")

Guest = dict[str, Any]


class GuestList:
    """Keeps the copies of guests in step with the organizer's."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        self._world = world
        self._state = world.google
        self._ledger = ledger

    def spread(
        self, calendar: Calendar, event: Event, before: dict[str, Any] | None = None
    ) -> None:
        """Carry the organizer's copy, and what differs from it in its series, to the guests.

        Args:
            calendar: The organizer's calendar.
            event: His copy.
            before: Its fields before the change, which tell who is no longer invited.
        """
        if event.fields.get("privateCopy"):
            return
        invited = {guest["email"] for guest in event.attendees}
        for guest in event.attendees:
            self._copy_to(guest, calendar, event)
        for guest in (before or {}).get("attendees", ()):
            if guest["email"] not in invited:
                self._withdraw(guest["email"], calendar, event)
        if not event.cancelled:
            for exception in list(calendar.exceptions_of(event.id).values()):
                self.spread(calendar, exception, before)

    def answer(self, calendar: Calendar, event: Event, shared: dict[str, Any]) -> None:
        """Carry what a guest changed on his copy to the organizer's, and from there to all.

        Args:
            calendar: The guest's calendar.
            event: His copy.
            shared: The shared fields that he changed, with their new values.
        """
        home = self._state.calendars.get(event.organizer)
        truth = look_up(home, event.id) if home is not None else None
        if home is None or truth is None or truth.cancelled or truth.organizer != home.id:
            return
        fields = {**truth.fields, **shared}
        if set(shared) == {"attendees"}:
            fields["attendees"] = _with_answer(truth.attendees, shared["attendees"], calendar.id)
        before = truth.fields
        kept = {name: value for name, value in fields.items() if value is not None}
        self._ledger.change(home, truth, _with_private(kept, before))
        self.spread(home, truth, before)

    def mail(
        self, kind: str, calendar: Calendar, event: Event, guests: list[Guest], send: str
    ) -> None:
        """Note the mails that ``sendUpdates`` asks for; the organizer gets none."""
        if send == "none":
            return
        for guest in guests:
            email = guest["email"]
            inside = email in self._state.calendars
            if email != calendar.id and not (send == "externalOnly" and inside):
                self._world.mails.sent("google", kind, email, event.id)

    def _copy_to(self, guest: Guest, calendar: Calendar, event: Event) -> None:
        target = self._target(guest["email"], calendar)
        if target is None:
            return
        copy = look_up(target, event.id)
        if copy is None:
            if not event.cancelled:
                self._invite(target, event)
            return
        foreign = copy.organizer != event.organizer and copy.ical_uid != event.ical_uid
        left_by_guest = copy.cancelled and guest["responseStatus"] == "declined"
        if foreign or left_by_guest:
            return
        fields = _with_private(event.fields, copy.fields)
        state = (event.status, event.sequence, event.organizer)
        if (copy.fields, (copy.status, copy.sequence, copy.organizer)) == (fields, state):
            return
        copy.status, copy.sequence, copy.organizer = state
        copy.bare = False
        self._ledger.change(target, copy, fields)

    def _invite(self, target: Calendar, event: Event) -> None:
        first = {name: event.fields[name] for name in TAKEN_ON_INVITATION if name in event.fields}
        copy = event.model_copy(
            update={
                "number": 0,
                "fields": _with_private(event.fields, first),
                "updated": self._world.clock.now(),
                "vanished": {},
            }
        )
        self._ledger.commit(target, copy)

    def _withdraw(self, email: str, calendar: Calendar, event: Event) -> None:
        target = self._target(email, calendar)
        copy = look_up(target, event.id) if target is not None else None
        if target is not None and copy is not None and not copy.cancelled:
            self._ledger.cancel(target, copy)

    def _target(self, email: str, calendar: Calendar) -> Calendar | None:
        target = self._state.calendars.get(email)
        return None if target is None or target.deleted or target is calendar else target


def guest_change(event: Event, email: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The shared fields among those that a guest wants to change on his copy.

    Raises:
        GoogleError: he may not change one of them.
    """
    shared = {
        name: fields.get(name) for name in differing(shared_part(event.fields), shared_part(fields))
    }
    if not shared or event.fields.get("guestsCanModify"):
        return shared
    if set(shared) != {"attendees"}:
        raise errors.not_organizer(
            "Shared properties can only be changed by the organizer of the event."
        )
    new = {guest["email"]: guest for guest in fields.get("attendees", ())}
    for guest in event.attendees:
        wanted = new.pop(guest["email"], None)
        free = ANSWER if guest["email"] == email else frozenset()
        if wanted is None or not differing(guest, wanted) <= free:
            raise errors.not_organizer("Guests can only change their own response.")
    if new and not event.fields.get("guestsCanInviteOthers", True):
        raise errors.not_organizer("Guests of this event cannot invite others.")
    return shared


def answer_of(event: Event, email: str, response: str) -> list[Guest] | None:
    """The guests, one with another answer; none if he is not among them."""
    if all(guest["email"] != email for guest in event.attendees):
        return None
    return [
        {**guest, "responseStatus": response} if guest["email"] == email else guest
        for guest in event.attendees
    ]


def shared_part(fields: dict[str, Any]) -> dict[str, Any]:
    """What all copies of an event have in common."""
    result = {name: value for name, value in fields.items() if name not in OWN}
    properties = result.pop("extendedProperties", {}).get("shared")
    return {**result, "extendedProperties": {"shared": properties}} if properties else result


def _with_answer(kept: list[Guest], changed: list[Guest], email: str) -> list[Guest]:
    known = {guest["email"] for guest in kept}
    own = next((guest for guest in changed if guest["email"] == email), None)
    return [own if own and guest["email"] == email else guest for guest in kept] + [
        guest for guest in changed if guest["email"] not in known
    ]


def _with_private(shared: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The shared part of the one with the private part of the other."""
    result = shared_part(shared) | {name: own[name] for name in OWN if name in own}
    private = own.get("extendedProperties", {}).get("private")
    if private:
        result["extendedProperties"] = {**result.get("extendedProperties", {}), "private": private}
    return result
