"""Which items without a link are two sides of one meeting, and what such a pair once agreed on.

The same title at the same time is the same meeting. A pair that was linked and that a backup does
not know may have been edited since: of an event that bears our mark, title or time alone tell the
activity that it was made of, where there is no choice. Any other event that resembles an activity
only in part may be another meeting.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from reconciler.core.merge import later_edited
from reconciler.core.model import Base
from reconciler.core.normalize import as_activity_shows
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Meeting, MeetingField, Schedule, Side

IdT = TypeVar("IdT", int, str)


@dataclass(frozen=True, slots=True)
class Unlinked(Generic[IdT]):
    """An item without a link.

    `wanting`: an event that bears the mark of a forgotten link, or an activity that would get one.
    """

    item_id: IdT
    title: str
    schedule: Schedule
    wanting: bool


Trait = Callable[[Unlinked[int] | Unlinked[str]], Hashable]


def same_meetings(
    activities: Iterable[Unlinked[int]], events: Iterable[Unlinked[str]]
) -> list[tuple[int, str]]:
    """Pairs of one title and time; where there are several alike, in order of id."""
    of_events = _by(_title_and_time, events)
    return [
        (activity.item_id, event.item_id)
        for trait, alike in _by(_title_and_time, activities).items()
        for activity, event in zip(alike, of_events.get(trait, ()), strict=False)
    ]


def edited_meetings(
    activities: Iterable[Unlinked[int]], events: Iterable[Unlinked[str]]
) -> list[tuple[int, str]]:
    """Pairs of one title, else of one time, of items that are `wanting` and have no rival."""
    left_a = {one.item_id: one for one in activities if one.wanting}
    left_e = {one.item_id: one for one in events if one.wanting}
    found: list[tuple[int, str]] = []
    for trait in (_title, _time):
        of_events = _by(trait, left_e.values())
        for shared, alike in _by(trait, left_a.values()).items():
            others = of_events.get(shared, [])
            if len(alike) == len(others) == 1:
                pair = (alike[0].item_id, others[0].item_id)
                found.append(pair)
                del left_a[pair[0]], left_e[pair[1]]
    return found


def forgotten_base(
    activity: ActivitySnapshot, event: EventSnapshot, shown_a: Meeting, shown_e: Meeting
) -> Base:
    """What a forgotten pair agreed on: in what the sides differ, the later one was edited.

    Guests do not count: an event may have been written without them.
    """
    as_shown = as_activity_shows(shown_e)
    differing = frozenset(
        field
        for field in shown_a.changed_fields(as_shown) - {MeetingField.GUESTS}
        if _words(getattr(shown_a, field)) != _words(getattr(as_shown, field))
    )
    if later_edited(activity, event) is Side.CALENDAR:
        return Base(activity=shown_a, event=shown_e.with_fields(shown_a, differing))
    return Base(activity=shown_a.with_fields(as_shown, differing), event=shown_e)


def _words(value: object) -> object:
    """What somebody has written; a provider may have set other spaces."""
    return value.split() if isinstance(value, str) else value


def _title_and_time(one: Unlinked[int] | Unlinked[str]) -> Hashable:
    return (one.title, one.schedule)


def _title(one: Unlinked[int] | Unlinked[str]) -> Hashable:
    return one.title


def _time(one: Unlinked[int] | Unlinked[str]) -> Hashable:
    return one.schedule


def _by(trait: Trait, items: Iterable[Unlinked[IdT]]) -> dict[Hashable, list[Unlinked[IdT]]]:
    found: dict[Hashable, list[Unlinked[IdT]]] = defaultdict(list)
    for one in sorted(items, key=lambda one: one.item_id):
        found[trait(one)].append(one)
    return found
