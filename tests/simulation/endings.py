"""What became of each meeting of a run: who did what to it, and what is there in the end."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.simulation.people import SERIES, Done
from tests.simulation.providers import Write
from tests.simulation.scenario import EVERYWHERE
from tests.simulation.simulation import Simulation

from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot, TextFormat
from tandem.contracts.meetings import AllDay

PLAIN: Final = frozenset({*EVERYWHERE, "create"})
TOLD_BY: Final = {
    "title": "title",
    "move": "time",
    "all_day": "time",
    "undate": "time",
    "retype": "type",
    "take_back": "type",
}
"""By what an activity is known again whose create had no answer, and which edits change it."""
DEFAULT_MINUTES: Final = 30
MY_EMAIL: Final = "me@example.com"


@dataclass(frozen=True)
class Ending:
    """One meeting at the end of a run; `steady`: what is synced at all was always the same.

    `cleared_at` is when the user first had the events of unticked types removed.
    """

    token: str
    done: tuple[Done, ...]
    writes: tuple[Write, ...]
    activities: tuple[ActivitySnapshot, ...]
    events: tuple[EventSnapshot, ...]
    two_way: bool
    braked: bool
    steady: bool
    cleared_at: datetime | None

    @property
    def is_occurrence(self) -> bool:
        """Whether it belongs to a series, so that Pipedrive only shows it."""
        return self.token.startswith(SERIES)

    @property
    def origin(self) -> str:
        """The side on which it was made."""
        return self.done[0].edit.side

    @property
    def plain(self) -> bool:
        """Whether only fields were edited and items deleted, so that the end is certain.

        A link that was written too often within minutes rests until its user wakes it.
        """
        certain = not self.braked and not self.unrecognisable
        return certain and all(one.edit.verb in PLAIN for one in self.done)

    @property
    def unrecognisable(self) -> bool:
        """Whether an activity of ours may be made again, since its create had no answer in time.

        Nothing tells one that was deleted from one that was never made, or one that was changed
        in two of its type, title and time from somebody's own.
        """
        edits = {one.edit.verb for one in self.done if one.in_doubt and one.edit.side == "crm"}
        changed = {TOLD_BY[verb] for verb in edits if verb in TOLD_BY}
        return "delete" in edits or len(changed) > 1

    @property
    def deleted_on(self) -> set[str]:
        """Sides on which somebody deleted it."""
        return {one.edit.side for one in self.done if one.edit.verb == "delete"}

    @property
    def restored(self) -> bool:
        """Whether the last word on whether it is to be there took a deletion back, undisputed.

        Then it is there on both sides, if both are synced at all.
        """
        last = [one.edit.verb for one in self.done if one.edit.verb in {"delete", "restore"}][-1:]
        certain = self.two_way and self.steady and not self.braked and not self.unrecognisable
        return certain and last == ["restore"] and not self.disputed

    @property
    def disputed(self) -> bool:
        """Whether a deletion was taken back after something else had been made of it.

        An edit of the other side beats the deletion, so that the meeting is made anew there, and an
        activity that is not synced any more is nobody's: then what is restored comes beside that.
        """
        taken_back = [one for one in self.done if one.edit.verb == "restore"]
        if not taken_back:
            return False
        other_sides = {
            one.edit.side
            for one in self.done
            if one.edit.verb != "create" and one.edit.side != taken_back[0].edit.side
        }
        return bool(other_sides) or not {one.edit.verb for one in self.done} <= {*PLAIN, "restore"}

    def was_cleared(self, write: Write) -> bool:
        """Whether the user has had it removed with all events that we made of unticked types."""
        ours = write.side == "calendar" and self.origin == "crm" and write.verb == "delete"
        return ours and self.cleared_at is not None and self.cleared_at <= write.at

    def went_with_it(self, done: Done) -> bool:
        """Whether an edit was of an event that was removed like that: the user chose to lose it."""
        return any(
            write.item_id == done.item_id and done.at <= write.at and self.was_cleared(write)
            for write in self.writes
        )

    @property
    def edited_on(self) -> set[str]:
        """Sides on which somebody edited it after it was made."""
        return {
            one.edit.side
            for one in self.done
            if one.edit.verb not in {"create", "delete", "restore"}
        }

    @property
    def counts(self) -> tuple[int, int]:
        """How many activities and events it has."""
        return len(self.activities), len(self.events)

    @property
    def both(self) -> tuple[int, int]:
        """The counts of a meeting that is as synced as it can be."""
        return (0, 1) if self.origin == "calendar" and not self.two_way else (1, 1)


def endings_of(simulation: Simulation) -> Iterator[Ending]:
    """Every meeting that was made."""
    people, scenario = simulation.people, simulation.scenario
    braked = _braked(simulation)
    cleared_at = [scenario.start + timedelta(seconds=at_s) for at_s in scenario.clearings]
    for token in dict.fromkeys(one.edit.token for one in people.done):
        yield Ending(
            token=token,
            done=tuple(one for one in people.done if one.edit.token == token),
            writes=tuple(
                one for one in simulation.outside.writes if one.title.split()[:1] == [token]
            ),
            activities=tuple(people.activities_of(token)),
            events=tuple(people.events_of(token)),
            two_way=scenario.direction == "two_way",
            braked=token in braked,
            steady=scenario.steady,
            cleared_at=min(cleared_at, default=None),
        )


def _braked(simulation: Simulation) -> set[str]:
    """Meetings whose link rests because of the loop brake."""
    links = simulation.stores["reconciler"].tables.links  # type: ignore[attr-defined]
    resting = {
        str(item)
        for link in links
        if '"reason":"loop_suspected"' in link["body"]
        for item in (link["activity_id"], link["event_id"])
    }
    people = simulation.people
    return {one.edit.token for one in people.done if one.item_id in resting}


def shown_by_activity(activity: ActivitySnapshot) -> dict[str, Any]:
    """A meeting as a reader of the activity would tell it."""
    timed = activity.due_time is not None
    return {
        "title": _words(activity.subject),
        "schedule": _of_activity(activity),
        "location": _words(activity.location),
        "description": _lines(activity.public_description),
        "busy": timed if activity.busy is None else activity.busy,
        "guests": {guest.email.lower() for guest in activity.guests} - {MY_EMAIL},
    }


def shown_by_event(event: EventSnapshot) -> dict[str, Any]:
    """A meeting as a reader of the calendar would tell it."""
    text = event.description
    if event.description_format is TextFormat.HTML:
        text = html.unescape(re.sub(r"</?p>", "", text.replace("<br>", "\n")))
    return {
        "title": _words(event.title),
        "schedule": _of_schedule(event.schedule),
        "location": _words(event.location),
        "description": _lines(text),
        "busy": event.busy,
        "guests": {one.email.lower() for one in event.attendees} - {MY_EMAIL},
    }


def _of_activity(activity: ActivitySnapshot) -> Any:
    if activity.due_date is None:
        return None
    if activity.due_time is None:
        return activity.due_date
    start = datetime.combine(activity.due_date, activity.due_time, UTC)
    minutes = activity.duration_minutes or DEFAULT_MINUTES
    return start, start + timedelta(minutes=minutes)


def _of_schedule(schedule: Any) -> Any:
    if isinstance(schedule, AllDay):
        return schedule.first
    return schedule.start, schedule.end


def _words(text: str) -> str:
    return " ".join(text.split())


def _lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.replace("\u00a0", " ").split("\n")).strip()
