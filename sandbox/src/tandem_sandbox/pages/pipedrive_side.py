"""The activities of one Pipedrive user."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tandem_sandbox.pages.meeting import Change, Meeting, UnknownMeetingError, When
from tandem_sandbox.pages.side import written
from tandem_sandbox.pipedrive.activities import Activities
from tandem_sandbox.pipedrive.ask import Answer, Ask
from tandem_sandbox.pipedrive.errors import PipedriveError
from tandem_sandbox.pipedrive.model import Activity, User
from tandem_sandbox.pipedrive.state import Company
from tandem_sandbox.world import World

_MINUTE = timedelta(minutes=1)


class PipedriveSide:
    """What this user owns; dates may be missing."""

    name = "pipedrive"
    heading = "Pipedrive"
    dated = False

    def __init__(
        self, world: World, activities: Activities, owner: tuple[Company, User], zone: ZoneInfo
    ) -> None:
        self._world = world
        self._activities = activities
        self._company, self._user = owner
        self._zone = zone
        self.account = self._user.email

    def meetings(self, first: date, last: date) -> list[Meeting]:
        """What is due on these days, and what has no date."""
        found = []
        for one in self._company.activities_of(self._user.id):
            meeting = self._shown(one)
            when = meeting.when
            if not one.is_deleted and (when is None or when.touches(first, last)):
                found.append(meeting)
        return found

    def find(self, key: str) -> Meeting:
        """One activity."""
        activity = self._company.activities.get(int(key)) if key.isdecimal() else None
        if activity is None or activity.is_deleted or activity.owner_id != self._user.id:
            raise UnknownMeetingError(key)
        return self._shown(activity)

    def create(self, title: str, when: When | None) -> None:
        """Make a meeting."""
        body = {"subject": title, "type": "meeting", **self._due(when)}
        self._do(self._activities.create, body)

    def change(self, key: str, change: Change) -> None:
        """Change subject, date, or both."""
        self.find(key)
        body: dict[str, Any] = {} if change.title is None else {"subject": change.title}
        if change.moves:
            body |= self._due(change.when)
        self._do(self._activities.update, body, key)

    def delete(self, key: str) -> None:
        """Mark as deleted."""
        self.find(key)
        self._do(self._activities.delete, {}, key)

    def _do(self, operation: Callable[[Ask], Answer], body: dict[str, Any], key: str = "") -> None:
        """Carry an operation out as this user, who needs no token for it."""
        ask = Ask(
            company=self._company,
            user=self._user,
            path={"id": key},
            query={},
            content=json.dumps(body).encode(),
            now=self._world.clock.now().replace(microsecond=0),
        )
        with written(self._world, PipedriveError):
            operation(ask)

    def _due(self, when: When | None) -> dict[str, str | None]:
        """A time as activities have it: on the clock of UTC, or none."""
        if when is None or when.time is None:
            day = when.day.isoformat() if when else None
            return {"due_date": day, "due_time": None, "duration": None}
        start = when.start(self._zone).astimezone(UTC)
        hours, minutes = divmod(when.length // _MINUTE, 60)
        return {
            "due_date": start.strftime("%Y-%m-%d"),
            "due_time": start.strftime("%H:%M"),
            "duration": f"{hours:02d}:{minutes:02d}" if when.length else None,
        }

    def _shown(self, activity: Activity) -> Meeting:
        return Meeting(
            str(activity.id), activity.subject, _when(activity, self._zone), done=activity.done
        )


def _when(activity: Activity, zone: ZoneInfo) -> When | None:
    if activity.due_date is None:
        return None
    if activity.due_time is None:
        return When.all_day(date.fromisoformat(activity.due_date), 1)
    start = datetime.fromisoformat(f"{activity.due_date}T{activity.due_time}+00:00")
    hours, minutes, seconds = map(int, (activity.duration or "0:0:0").split(":"))
    length = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return When.between(start, start + length, zone)
