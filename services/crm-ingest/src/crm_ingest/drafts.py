"""Compares an activity with the values that it is to have."""

from collections.abc import Callable
from typing import Final

from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.commands import ActivityDraft
from tandem.contracts.meetings import MeetingField

Same = Callable[[ActivitySnapshot, ActivityDraft], bool]


def _same_title(activity: ActivitySnapshot, draft: ActivityDraft) -> bool:
    return activity.subject.strip() == draft.subject.strip()


def _same_schedule(activity: ActivitySnapshot, draft: ActivityDraft) -> bool:
    """To the minute; no duration is as good as one of nothing."""
    moment = draft.due_time.replace(second=0, microsecond=0) if draft.due_time else None
    return (
        activity.due_date == draft.due_date
        and activity.due_time == moment
        and (activity.duration_minutes or 0) == (draft.duration_minutes or 0)
    )


def _same_description(activity: ActivitySnapshot, draft: ActivityDraft) -> bool:
    return activity.public_description.strip() == draft.public_description.strip()


def _same_location(activity: ActivitySnapshot, draft: ActivityDraft) -> bool:
    return activity.location.strip() == draft.location.strip()


def _same_busy(activity: ActivitySnapshot, draft: ActivityDraft) -> bool:
    return draft.busy is None or activity.busy == draft.busy


def _same_guests(activity: ActivitySnapshot, draft: ActivityDraft) -> bool:
    return {guest.email for guest in activity.guests} == draft.guests


_SAME: Final[dict[MeetingField, Same]] = {
    MeetingField.TITLE: _same_title,
    MeetingField.SCHEDULE: _same_schedule,
    MeetingField.DESCRIPTION: _same_description,
    MeetingField.LOCATION: _same_location,
    MeetingField.BUSY: _same_busy,
    MeetingField.GUESTS: _same_guests,
}


def differing_fields(
    activity: ActivitySnapshot, draft: ActivityDraft, fields: frozenset[MeetingField]
) -> frozenset[MeetingField]:
    """Those of the fields in which the activity is not as the draft has it."""
    return frozenset(field for field in fields if not _SAME[field](activity, draft))
