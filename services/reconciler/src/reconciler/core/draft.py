"""A canonical meeting in Pipedrive's terms: UTC date and time, minutes."""

from datetime import UTC, date, time, timedelta

from reconciler.core.model import Policy
from reconciler.core.normalize import as_activity_shows
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.commands import ActivityDraft
from tandem.contracts.meetings import Meeting, Timed


def draft_of(meeting: Meeting, activity: ActivitySnapshot | None, policy: Policy) -> ActivityDraft:
    """Values to write, as far as an activity can show them.

    An activity without a duration keeps none while the default one fits; an all-day one has
    neither time nor duration.
    """
    shown = as_activity_shows(meeting)
    due_time: time | None = None
    duration_minutes: int | None = None
    due_date: date
    if isinstance(shown.schedule, Timed):
        start = shown.schedule.start.astimezone(UTC)
        due_date, due_time = start.date(), start.time()
        minutes = (shown.schedule.end - shown.schedule.start) // timedelta(minutes=1)
        duration_minutes = None if _keeps_default(minutes, activity, policy) else minutes or None
    else:
        due_date = shown.schedule.first
    return ActivityDraft(
        subject=shown.title,
        due_date=due_date,
        due_time=due_time,
        duration_minutes=duration_minutes,
        public_description=shown.description,
        location=shown.location,
        busy=shown.busy,
        guests=shown.guests,
    )


def _keeps_default(minutes: int, activity: ActivitySnapshot | None, policy: Policy) -> bool:
    """Whether the default duration is what a timed activity without one shows already."""
    return (
        activity is not None
        and activity.due_time is not None
        and not activity.duration_minutes
        and minutes == policy.settings.default_duration_minutes
    )
