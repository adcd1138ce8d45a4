"""A canonical meeting in Pipedrive's terms: UTC date and time, minutes."""

from datetime import UTC, date, time, timedelta

from reconciler.core.model import Policy
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.commands import ActivityDraft
from tandem.contracts.meetings import Meeting, Timed


def draft_of(meeting: Meeting, activity: ActivitySnapshot | None, policy: Policy) -> ActivityDraft:
    """Values to write; an activity without a duration keeps none while the default one fits."""
    schedule = meeting.schedule
    when: tuple[date, time | None, int | None]
    if isinstance(schedule, Timed):
        start = schedule.start.astimezone(UTC)
        minutes = int((schedule.end - schedule.start) / timedelta(minutes=1))
        had_none = (
            activity is not None
            and activity.due_time is not None
            and not activity.duration_minutes
            and minutes == policy.settings.default_duration_minutes
        )
        when = (start.date(), start.time(), None if had_none else minutes)
    else:
        when = (schedule.first, None, None)
    return ActivityDraft(
        subject=meeting.title,
        due_date=when[0],
        due_time=when[1],
        duration_minutes=when[2],
        public_description=meeting.description,
        location=meeting.location,
        busy=meeting.busy,
        guests=meeting.guests,
    )
