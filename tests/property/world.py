"""Both sides of one link in memory, with providers that rewrite what they are given.

A write goes through the same steps as in production: plan, draft, provider, representation that
came back, outcome.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tests.unit.core.scenes import LINK_ID, ME, NOW

from calendar_ingest.adapters.google.descriptions import as_description, description_format
from reconciler.core.draft import draft_of
from reconciler.core.model import Gone, Link, LinkState, Observed, Plan, Policy, Verb, Write
from reconciler.core.normalize import meeting_of_activity, meeting_of_event
from reconciler.core.plan import plan
from reconciler.core.transitions import activity_written, event_written, write_failed
from tandem.contracts.activities import ActivitySnapshot, Guest
from tandem.contracts.events import Attendee, EventSnapshot, TextFormat
from tandem.contracts.meetings import Meeting, MeetingField, Side, Timed

ROUNDS_MAX = 3
_DRAFTED = {
    MeetingField.TITLE: ("subject",),
    MeetingField.SCHEDULE: ("due_date", "due_time", "duration_minutes"),
    MeetingField.DESCRIPTION: ("public_description",),
    MeetingField.LOCATION: ("location",),
    MeetingField.BUSY: ("busy",),
    MeetingField.GUESTS: ("guests",),
}


@dataclass
class World:
    """What the providers hold, and the link as it is stored."""

    rules: Policy
    activity: ActivitySnapshot | Gone | None = None
    event: EventSnapshot | Gone | None = None
    link: Link | None = None
    first: Side = Side.CRM
    rewrites: bool = True
    now: datetime = NOW
    made: int = 0
    meanwhile: Callable[[], None] | None = None
    writes: Counter[tuple[str, str]] = field(default_factory=Counter)

    def plan(self) -> Plan:
        """What follows from what is there."""
        return plan(self._observed(), policy=self.rules, now=self.now)

    def settle(self) -> int:
        """Plan and write until nothing is to be written; returns how many rounds wrote."""
        for written in range(ROUNDS_MAX + 1):
            decided = self.plan()
            if decided.link is not None:
                self.link = replace(decided.link, link_id=LINK_ID)
            if not decided.writes:
                return written
            seen = {Side.CRM: self.activity, Side.CALENDAR: self.event}
            self._let_somebody_edit()
            for write in sorted(decided.writes, key=lambda one: one.side is not self.first):
                self._carry_out(write, seen[write.side])
        raise AssertionError(f"it does not settle: {self.writes}")

    def leftovers(self) -> list[Plan]:
        """What would be planned for each item by itself once the link is dissolved."""
        alone = (Observed(link=self.link, activity=self.activity), self._event_alone())
        return [plan(observed, policy=self.rules, now=self.now) for observed in alone]

    @property
    def living(self) -> bool:
        """Whether the link is there and neither rests nor is dissolved."""
        return self.link is not None and self.link.state is LinkState.ACTIVE

    def tick(self, seconds: float = 1.0) -> datetime:
        """Let time pass between two edits."""
        self.now += timedelta(seconds=seconds)
        return self.now

    def _observed(self) -> Observed:
        link = self.link
        if link is None or link.state is LinkState.DISSOLVED:
            if self.activity is not None:
                return Observed(link=link, activity=self.activity)
            return self._event_alone()
        return Observed(
            link=link,
            activity=self.activity if link.activity_id is not None else None,
            event=self.event if link.event_id is not None else None,
        )

    def _event_alone(self) -> Observed:
        return Observed(link=self.link, event=self.event)

    def _let_somebody_edit(self) -> None:
        """Once, between a decision and its writes."""
        edit, self.meanwhile = self.meanwhile, None
        if edit is not None:
            edit()

    def _carry_out(
        self, write: Write, seen: ActivitySnapshot | EventSnapshot | Gone | None
    ) -> None:
        """Write, unless the item has changed since the decision."""
        assert self.link is not None
        present = self.activity if write.side is Side.CRM else self.event
        if write.verb is not Verb.CREATE and present is not seen:
            self.link = write_failed(self.link, write.side)
            return
        self.writes[write.side.value, write.verb.value] += 1
        self.tick(0.01)
        if write.side is Side.CRM:
            self._write_activity(write)
        else:
            self._write_event(write)

    def _write_activity(self, write: Write) -> None:
        assert self.link is not None
        if write.verb is Verb.DELETE:
            assert isinstance(self.activity, ActivitySnapshot)
            deleted, self.activity = self.activity, Gone(self.now)
            self.link = activity_written(self.link, deleted.activity_id, None)
            return
        assert write.meeting is not None
        present = self.activity if isinstance(self.activity, ActivitySnapshot) else None
        if write.verb is Verb.CREATE:
            self.made += 1
            present = None
        draft = draft_of(write.meeting, present, self.rules)
        shown = present or ActivitySnapshot(
            activity_id=100 + self.made,
            owner_id=ME,
            type=self.rules.settings.save_events_as,
            added_at=self.now,
            updated_at=self.now,
        )
        names = [name for one in write.fields for name in _DRAFTED[one]]
        values = {name: getattr(draft, name) for name in names}
        if "guests" in values:
            values["guests"] = tuple(Guest(email=email) for email in sorted(draft.guests))
        if self.rewrites and "subject" in values:
            values["subject"] = f" {draft.subject}"
        self.activity = shown.model_copy(update={**values, "updated_at": self.now})
        self.link = activity_written(
            self.link,
            self.activity.activity_id,
            meeting_of_activity(self.activity, self.rules),
        )

    def _write_event(self, write: Write) -> None:
        assert self.link is not None
        if write.verb is Verb.DELETE:
            assert isinstance(self.event, EventSnapshot)
            deleted, self.event = self.event, Gone(self.now)
            self.link = event_written(self.link, deleted.event_id, None)
            return
        meeting = write.meeting
        assert meeting is not None
        if write.verb is Verb.CREATE:
            self.made += 1
            shown = EventSnapshot(
                event_id=f"made{self.made}",
                schedule=meeting.schedule,
                link_mark=str(LINK_ID),
            )
        else:
            assert isinstance(self.event, EventSnapshot)
            shown = self.event
        values = self._event_values(meeting, write)
        self.event = shown.model_copy(update={**values, "updated_at": self.now})
        self.link = event_written(
            self.link, self.event.event_id, meeting_of_event(self.event, self.rules)
        )

    def _event_values(self, meeting: Meeting, write: Write) -> dict[str, object]:
        values: dict[str, object] = {
            one.value: getattr(meeting, one)
            for one in write.fields
            if one not in {MeetingField.GUESTS, MeetingField.DESCRIPTION}
        }
        if MeetingField.GUESTS in write.fields:
            values["attendees"] = tuple(
                Attendee(email=email.upper() if self.rewrites else email)
                for email in sorted(meeting.guests)
            )
        if MeetingField.DESCRIPTION in write.fields:
            text = as_description(meeting.description)
            if self.rewrites:
                text = re.sub(r"\n", "<br>", text)
            values["description"] = text
            values["description_format"] = description_format(text)
        if self.rewrites and MeetingField.TITLE in write.fields:
            values["title"] = f"{meeting.title}\u00a0 "
        if self.rewrites and isinstance(schedule := values.get("schedule"), Timed):
            values["schedule"] = Timed(
                start=schedule.start.replace(second=0, microsecond=0),
                end=schedule.end.replace(second=0, microsecond=0),
            )
        return values


def as_html(text: str) -> dict[str, object]:
    """A description as an editor of the calendar leaves it."""
    return {
        "description": as_description(text).replace("\n", "<br>"),
        "description_format": TextFormat.HTML,
    }
