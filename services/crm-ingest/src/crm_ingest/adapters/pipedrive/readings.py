"""Reads an activity of API v2 into our own terms.

Times are UTC. A time of day comes as `HH:MM` or `HH:MM:SS`, and as `""` or null where there is
none.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from pydantic import ValidationError

from crm_ingest.crm import Invitee, Participant, Reading, RefusedError
from tandem.contracts.activities import ActivitySnapshot, Guest
from tandem.runtime.logs import LOG

Json = dict[str, Any]
MINUTES_PER_HOUR = 60


def reading_of(answer: Json) -> Reading:
    """One activity; raises RefusedError where it is not shaped like one."""
    try:
        return _reading(answer)
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise RefusedError(
            f"pipedrive: an activity of unknown shape ({type(error).__name__})"
        ) from error


def readings_of(answers: Sequence[Any]) -> tuple[Reading, ...]:
    """Activities of a page; one of unknown shape is left out and does not spoil the others."""
    readings: list[Reading] = []
    for answer in answers:
        try:
            readings.append(reading_of(answer))
        except RefusedError as error:
            LOG.warning("activity_left_out", detail=str(error))
    return tuple(readings)


def _reading(answer: Json) -> Reading:
    owner_id = int(answer["owner_id"])
    told = answer.get("attendees")
    invitees = None if told is None else tuple(_invitees(told))
    updated_at = moment_of(answer["update_time"])
    location = answer.get("location")
    return Reading(
        activity=ActivitySnapshot(
            activity_id=answer["id"],
            owner_id=owner_id,
            subject=answer.get("subject") or "",
            type=answer["type"],
            done=bool(answer.get("done")),
            due_date=date.fromisoformat(answer["due_date"]) if answer.get("due_date") else None,
            due_time=_time_of_day(answer.get("due_time")),
            duration_minutes=_minutes(answer.get("duration")),
            busy=answer.get("busy"),
            location=str(location.get("value") or "") if isinstance(location, dict) else "",
            public_description=answer.get("public_description") or "",
            guests=guests_of(invitees or (), owner_id),
            added_at=moment_of(answer.get("add_time") or answer["update_time"]),
            updated_at=updated_at,
        ),
        deleted=bool(answer.get("is_deleted")),
        creator_id=answer.get("creator_user_id"),
        deal_id=answer.get("deal_id"),
        person_id=answer.get("person_id"),
        organization_id=answer.get("org_id"),
        invitees=invitees,
        participants=tuple(
            Participant(one["person_id"], bool(one.get("primary")))
            for one in answer.get("participants") or ()
            if one.get("person_id")
        ),
    )


def guests_of(invitees: Sequence[Invitee], owner_id: int) -> tuple[Guest, ...]:
    """Everybody who is invited except the owner, each address once."""
    guests: dict[str, Guest] = {}
    for invitee in invitees:
        if invitee.user_id != owner_id:
            guests.setdefault(
                invitee.email,
                Guest(email=invitee.email, name=invitee.name, person_id=invitee.person_id),
            )
    return tuple(guests.values())


def moment_of(text: str) -> datetime:
    """A moment in RFC 3339, or in the older form without a zone, which is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _invitees(told: Sequence[Json]) -> list[Invitee]:
    return [
        Invitee(
            email=str(email).strip().lower(),
            name=one.get("name") or "",
            status=one.get("status"),
            is_organizer=bool(one.get("is_organizer")),
            person_id=one.get("person_id"),
            user_id=one.get("user_id"),
        )
        for one in told
        if (email := one.get("email") or one.get("email_address"))
    ]


def _time_of_day(text: str | None) -> time | None:
    if not text:
        return None
    hours, minutes = text.split(":")[:2]
    return time(int(hours), int(minutes))


def _minutes(text: str | None) -> int | None:
    if not text:
        return None
    hours, minutes = text.split(":")[:2]
    return int(hours) * MINUTES_PER_HOUR + int(minutes)
