"""What people do: edits of either side, straight in the provider, as in its own pages."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Final

from tests.simulation.providers import Outside
from tests.simulation.scenario import Edit

from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import Attendee, EventSnapshot, Response, Series, TextFormat
from tandem.contracts.meetings import AllDay, Timed

ME, OTHER = 70, 71
MY_EMAIL: Final = "me@example.com"
CALENDAR: Final = "main"
SERIES: Final = "S"
"""What the tokens of occurrences of a series begin with."""
Item = ActivitySnapshot | EventSnapshot
WORDS: Final = ("alpha", "beta & co", "gamma <3", "delta", "epsilon é", "zeta\u00a0z")


@dataclass(frozen=True)
class Done:
    """An edit that was really made, of an item that was there; `item` is what it then was.

    `in_doubt`: we had made the item, and may not have known of it yet.
    """

    at: datetime
    edit: Edit
    item: Item
    in_doubt: bool = False

    @property
    def item_id(self) -> str:
        """The id of what was edited."""
        return id_of(self.item)


@dataclass
class People:
    """Carries out edits and remembers them."""

    outside: Outside
    done: list[Done] = field(default_factory=list)
    deleted_activities: dict[str, ActivitySnapshot] = field(default_factory=dict)
    deleted_events: dict[str, EventSnapshot] = field(default_factory=dict)

    def do(self, edit: Edit) -> str | None:
        """Make an edit; gives the item's id, None where there is nothing to be edited."""
        if edit.verb == "restore":
            made = self._take_back(edit)
        else:
            made = self._in_crm(edit) if edit.side == "crm" else self._in_calendar(edit)
        if made is None:
            return None
        in_doubt = self.outside.in_doubt(id_of(made))
        self.done.append(Done(self.outside.now(), edit, made, in_doubt))
        return id_of(made)

    def activities_of(self, token: str) -> list[ActivitySnapshot]:
        """Living activities that are about a meeting."""
        return [
            one.activity
            for one in self.outside.crm.living()
            if token_of(one.activity.subject) == token
        ]

    def events_of(self, token: str) -> list[EventSnapshot]:
        """Living events that are about a meeting."""
        return [
            one
            for one in self.outside.calendar.everything_in(CALENDAR)
            if token_of(one.title) == token
        ]

    def _take_back(self, edit: Edit) -> Item | None:
        """Restore what was deleted last; an event of ours stays out, since it bears our mark."""
        if edit.side == "crm":
            activity = self.deleted_activities.pop(edit.token, None)
            if activity is None or self.activities_of(edit.token):
                return None
            activity_id = activity.activity_id
            return self.outside.crm.put(activity.owner_id, activity_id=activity_id).activity
        event = self.deleted_events.pop(edit.token, None)
        if event is None or event.link_mark is not None or self.events_of(edit.token):
            return None
        return self.outside.calendar.put(CALENDAR, event)

    def _in_crm(self, edit: Edit) -> Item | None:
        crm = self.outside.crm
        if edit.verb == "create":
            return crm.put(ME, **self._new_activity(edit)).activity
        present = self.activities_of(edit.token)
        if not present:
            return None
        activity = present[0]
        if edit.verb == "delete":
            self.deleted_activities[edit.token] = activity
            crm.take_away(activity.activity_id)
            return activity
        owner_id, changes = activity.owner_id, self._activity_changes(edit, activity)
        if "owner_id" in changes:
            owner_id = changes.pop("owner_id")
        return crm.put(owner_id, activity_id=activity.activity_id, **changes).activity

    def _new_activity(self, edit: Edit) -> dict[str, Any]:
        start = self._moment(edit.value)
        whole_day = edit.value % 7 == 0
        return {
            "subject": f"{edit.token} {_word(edit.value)}",
            "type": "meeting",
            "due_date": start.date(),
            "due_time": None if whole_day else start.time(),
            "duration_minutes": None if whole_day or edit.value % 5 == 0 else 45,
            "busy": None if edit.value % 3 == 0 else True,
            "location": "Room 1",
            "public_description": "Agenda\n- first",
        }

    def _activity_changes(self, edit: Edit, activity: ActivitySnapshot) -> dict[str, Any]:
        word, start = _word(edit.value), self._moment(edit.value)
        changes: dict[str, dict[str, Any]] = {
            "title": {"subject": f"{edit.token} {word} {edit.value}"},
            "location": {"location": f"{word} {edit.value}"},
            "description": {"public_description": f"{word}\n{edit.value}"},
            "move": {"due_date": start.date(), "due_time": start.time(), "duration_minutes": 30},
            "all_day": {"due_date": start.date(), "due_time": None, "duration_minutes": None},
            "busy": {"busy": edit.value % 2 == 0},
            "done": {"done": True},
            "retype": {"type": "lunch"},
            "give_away": {"owner_id": OTHER},
            "undate": {"due_date": None, "due_time": None, "duration_minutes": None},
            "take_back": {"owner_id": ME, "type": "meeting", "done": False}
            | ({} if activity.due_date else {"due_date": start.date(), "due_time": time(9)}),
        }
        return changes[edit.verb]

    def _in_calendar(self, edit: Edit) -> Item | None:
        calendar = self.outside.calendar
        if edit.token.startswith(SERIES):
            return self._in_series(edit)
        if edit.verb == "create":
            return calendar.put(CALENDAR, self._new_event(edit))
        present = self.events_of(edit.token)
        if not present:
            return None
        event = present[0]
        if edit.verb == "delete":
            self.deleted_events[edit.token] = event
            calendar.take_away(CALENDAR, event.event_id)
            return event
        changes = self._event_changes(edit, event)
        return calendar.put(CALENDAR, event.model_copy(update=changes))

    def _in_series(self, edit: Edit) -> Item | None:
        """A series is known by the first part of its occurrences' tokens."""
        calendar, series_id = self.outside.calendar, edit.token.partition(".")[0]
        present = calendar.occurrences_of(CALENDAR, series_id)
        if edit.verb == "create":
            event = self._new_event(edit)
            began = event.schedule.start if isinstance(event.schedule, Timed) else None
            original = began or self._moment(edit.value)
            ref = Series(series_id=series_id, original_start=original)
            event = event.model_copy(update={"series": ref, "attendees": ()})
            present[event.event_id] = event
        else:
            found = [one for one in present.values() if token_of(one.title) == edit.token]
            if not found:
                return None
            event = found[0]
            if edit.verb == "delete":
                del present[event.event_id]
            else:
                event = event.model_copy(update=self._event_changes(edit, event))
                present[event.event_id] = event
        calendar.put_series(CALENDAR, series_id, present.values())
        return event

    def _new_event(self, edit: Edit) -> EventSnapshot:
        start = self._moment(edit.value)
        whole_day = edit.value % 7 == 0
        return EventSnapshot(
            event_id=f"own{edit.token}v{edit.value}",
            title=f"{edit.token} {_word(edit.value)}",
            schedule=AllDay(first=start.date(), days=1 + edit.value % 3)
            if whole_day
            else Timed(start=start, end=start + timedelta(minutes=45)),
            description="Agenda\n- first",
            location="Room 1",
            attendees=(Attendee(email="guest@elsewhere.example"),) if edit.value % 2 else (),
        )

    def _event_changes(self, edit: Edit, event: EventSnapshot) -> dict[str, Any]:
        word, start = _word(edit.value), self._moment(edit.value)
        text = {"description": f"{word}\n{edit.value}", "description_format": TextFormat.TEXT}
        changes: dict[str, dict[str, Any]] = {
            "title": {"title": f"{edit.token} {word} {edit.value}"},
            "location": {"location": f"{word} {edit.value}"},
            "description": text,
            "move": {"schedule": Timed(start=start, end=start + timedelta(minutes=30))},
            "all_day": {"schedule": AllDay(first=start.date(), days=1 + edit.value % 3)},
            "busy": {"busy": edit.value % 2 == 0},
            "decline": {"response": Response.DECLINED},
            "accept": {"response": Response.ACCEPTED},
        }
        return changes[edit.verb]

    def _moment(self, value: int) -> datetime:
        """A moment ahead of the whole run."""
        base = self.outside.now().replace(hour=9, minute=0, second=0, microsecond=0)
        return base + timedelta(days=2 + value % 40, minutes=15 * (value % 23))


def id_of(item: Item) -> str:
    """The id that an item has on its side."""
    return str(item.activity_id) if isinstance(item, ActivitySnapshot) else item.event_id


def token_of(title: str) -> str:
    """The token that a title begins with."""
    words = title.split()
    return words[0] if words else ""


def _word(value: int) -> str:
    return WORDS[value % len(WORDS)]
