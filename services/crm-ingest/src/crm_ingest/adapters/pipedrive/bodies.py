"""Writes our terms into bodies of API v2: strict types, UTC, `HH:MM:SS`, null for nothing.

Only what is asked for is in a body: `note`, deal, organisation, type (but for a new activity),
done and priority never are.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import time
from typing import Any

from crm_ingest.adapters.pipedrive.persons import Person
from crm_ingest.crm import Account, Invitee, Participant, Reading
from tandem.contracts.commands import ActivityDraft
from tandem.contracts.meetings import MeetingField

Json = dict[str, Any]
MINUTES_PER_HOUR = 60


def new_activity(
    account: Account, kind: str, draft: ActivityDraft, persons: Mapping[str, Person]
) -> Json:
    """Body of a create; what the draft leaves open is left to Pipedrive."""
    fields = set(MeetingField) - {MeetingField.GUESTS}
    body = _fields(draft, fields)
    body = {name: value for name, value in body.items() if value is not None and value != ""}
    body |= {"subject": draft.subject, "type": kind, "owner_id": account.user.user_id}
    invitees = _invited(account, (), draft, persons)
    if invitees:
        body["attendees"] = [_attendee(invitee) for invitee in invitees]
    joining = [persons[email].person_id for email in sorted(draft.guests) if email in persons]
    if joining:
        body["participants"] = [
            {"person_id": person_id, "primary": place == 0}
            for place, person_id in enumerate(dict.fromkeys(joining))
        ]
    return body


def changed_activity(
    account: Account,
    present: Reading,
    *,
    fields: Collection[MeetingField],
    draft: ActivityDraft,
    persons: Mapping[str, Person],
) -> Json:
    """Body of an update with the named fields."""
    body = _fields(draft, fields)
    if MeetingField.GUESTS in fields:
        invitees = _invited(account, present.invitees or (), draft, persons)
        body["attendees"] = [_attendee(invitee) for invitee in invitees]
        participants = _participants(present, draft, persons)
        if participants is not None:
            body["participants"] = [
                {"person_id": one.person_id, "primary": one.primary} for one in participants
            ]
    return body


def _fields(draft: ActivityDraft, fields: Collection[MeetingField]) -> Json:
    body: Json = {}
    if MeetingField.TITLE in fields:
        body["subject"] = draft.subject
    if MeetingField.SCHEDULE in fields:
        body["due_date"] = draft.due_date.isoformat() if draft.due_date else None
        body["due_time"] = _clock_time(draft.due_time)
        body["duration"] = _duration(draft.duration_minutes)
    if MeetingField.DESCRIPTION in fields:
        body["public_description"] = draft.public_description
    if MeetingField.LOCATION in fields:
        body["location"] = {"value": draft.location} if draft.location else None
    if MeetingField.BUSY in fields and draft.busy is not None:
        body["busy"] = draft.busy
    return body


def _invited(
    account: Account,
    present: Sequence[Invitee],
    draft: ActivityDraft,
    persons: Mapping[str, Person],
) -> list[Invitee]:
    """Those who stay, as they are there, then those who are new; the owner always stays."""
    kept = [
        invitee
        for invitee in present
        if invitee.email in draft.guests or _is_owner(account, invitee)
    ]
    known = {invitee.email for invitee in kept}
    for email in sorted(draft.guests - known):
        person = persons.get(email)
        kept.append(
            Invitee(
                email=email,
                name=person.name if person else "",
                person_id=person.person_id if person else None,
            )
        )
    return kept


def _participants(
    present: Reading, draft: ActivityDraft, persons: Mapping[str, Person]
) -> list[Participant] | None:
    """Linked persons after a change of guests; None where they stay as they are.

    The primary one is the activity's person, which a calendar never changes: it stays, and where
    there is none nobody is linked, since the first one would become it.
    """
    if not any(one.primary for one in present.participants):
        return None
    leaving = {
        invitee.person_id
        for invitee in present.invitees or ()
        if invitee.person_id and invitee.email not in draft.guests
    }
    stay = [one for one in present.participants if one.primary or one.person_id not in leaving]
    known = {one.person_id for one in stay}
    joining = dict.fromkeys(
        person.person_id
        for email, person in sorted(persons.items())
        if email in draft.guests and person.person_id not in known
    )
    after = [*stay, *(Participant(person_id) for person_id in joining)]
    return None if after == list(present.participants) else after


def _is_owner(account: Account, invitee: Invitee) -> bool:
    return invitee.user_id == account.user.user_id or invitee.email == account.owner_email.lower()


def _attendee(invitee: Invitee) -> Json:
    entry: Json = {
        "email": invitee.email,
        "name": invitee.name,
        "status": invitee.status,
        "is_organizer": invitee.is_organizer or None,
        "person_id": invitee.person_id,
        "user_id": invitee.user_id,
    }
    return {name: value for name, value in entry.items() if value not in {None, ""}}


def _clock_time(moment: time | None) -> str | None:
    return None if moment is None else moment.strftime("%H:%M:%S")


def _duration(minutes: int | None) -> str | None:
    if minutes is None:
        return None
    return f"{minutes // MINUTES_PER_HOUR:02d}:{minutes % MINUTES_PER_HOUR:02d}:00"
