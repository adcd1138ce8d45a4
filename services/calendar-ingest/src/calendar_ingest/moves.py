"""Which occurrences of a series that was moved are the former ones at another time.

Their ids change then: to the provider the former ones are gone, and others are there.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, time, timedelta

from calendar_ingest.repository import Seen
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import AllDay


def end_of(event: EventSnapshot) -> datetime:
    """When an event ends; an all-day one at midnight UTC."""
    schedule = event.schedule
    if isinstance(schedule, AllDay):
        last = schedule.first + timedelta(days=schedule.days)
        return datetime.combine(last, time(), UTC)
    return schedule.end


def former_occurrences(
    known: Mapping[str, Seen], present: Mapping[str, EventSnapshot]
) -> dict[str, str]:
    """Which known occurrence of a series each new one takes the place of, both by their ids.

    `known` and `present` are all that have not ended yet. A known one that others were not told of
    yet stands for its own former one: that is the one they know.
    """
    told = {event_id: seen for event_id, seen in known.items() if seen.formerly not in known}
    taken = {known[event_id].formerly for event_id in present if event_id in known}
    ends = {event_id: end_of(event) for event_id, event in present.items()}
    moved = moved_occurrences(
        {
            event_id: seen.ends_at
            for event_id, seen in told.items()
            if event_id not in present and event_id not in taken
        },
        {event_id: end for event_id, end in ends.items() if event_id not in known},
        [end for event_id, end in ends.items() if event_id in known],
    )
    return {event_id: formerly for formerly, event_id in moved.items()}


def moved_occurrences(
    lost: Mapping[str, datetime], new: Mapping[str, datetime], staying: Collection[datetime]
) -> dict[str, str]:
    """Which new occurrence of a series each lost one has become; all with their ends.

    As many new ones as were lost keep their order, where none is `staying`. Otherwise two belong
    together if each is the nearest to the other, so that one that was merely cancelled, or that
    time has brought into the window, is not taken for a moved one.
    """
    lost_at = {end: event_id for event_id, end in sorted(lost.items())}
    new_at = {end: event_id for event_id, end in sorted(new.items())}
    if not staying and len(lost_at) == len(new_at):
        pairs = zip(sorted(lost_at), sorted(new_at), strict=True)
        return {lost_at[end]: new_at[then] for end, then in pairs}
    if not lost_at:
        return {}
    before, after = sorted({*lost_at, *staying}), sorted({*new_at, *staying})
    return {
        lost_at[end]: event_id
        for then, event_id in new_at.items()
        if (end := _nearest(then, before)) in lost_at and _nearest(end, after) == then
    }


def _nearest(moment: datetime, among: Collection[datetime]) -> datetime:
    return min(among, key=lambda other: abs(other - moment))
