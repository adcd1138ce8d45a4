"""The operations that belong to a mailbox as a whole: settings, channels, busy times."""

from datetime import UTC, datetime
from typing import Any

from tandem_sandbox.google import errors, times
from tandem_sandbox.google.access import reach
from tandem_sandbox.google.ask import Answer, Ask, shown
from tandem_sandbox.google.errors import GoogleError
from tandem_sandbox.google.gate import Operation
from tandem_sandbox.google.listing import Listing
from tandem_sandbox.google.model import Calendar, Role
from tandem_sandbox.google.push import Push
from tandem_sandbox.google.query import Query, check_window
from tandem_sandbox.google.representation import SETTINGS, show_setting
from tandem_sandbox.world import World

CALENDARS_MAX = 50
ENTRIES_MAX = 100_000


class Account:
    """What is not about one calendar."""

    def __init__(self, world: World, push: Push) -> None:
        self._world = world
        self._state = world.google
        self._push = push

    def operations(self) -> list[Operation]:
        """Everything that the API can do for a mailbox as a whole."""
        return [
            Operation("settings.list", "GET", "/users/me/settings", self._settings),
            Operation("settings.get", "GET", "/users/me/settings/{setting}", self._setting),
            Operation("channels.stop", "POST", "/channels/stop", self._stop),
            Operation("freebusy.query", "POST", "/freeBusy", self._free_busy),
        ]

    def _settings(self, ask: Ask) -> Answer:
        items = [show_setting(ask.mailbox, name) for name in SETTINGS]
        return shown(ask, {"kind": "calendar#settings", "etag": '"0"', "items": items})

    def _setting(self, ask: Ask) -> Answer:
        name = ask.path["setting"]
        if name not in SETTINGS:
            raise errors.not_found()
        return shown(ask, show_setting(ask.mailbox, name))

    def _stop(self, ask: Ask) -> Answer:
        body = ask.body()
        for name in ("id", "resourceId"):
            if not body.get(name):
                raise errors.required(f"resource.{name}")
        self._push.close(ask.mailbox, body["id"], body["resourceId"])
        return Answer()

    def _free_busy(self, ask: Ask) -> Answer:
        body = ask.body()
        bounds = {name: _bound(body, name) for name in ("timeMin", "timeMax")}
        items = body.get("items") or []
        if len(items) > CALENDARS_MAX:
            raise GoogleError(400, "tooManyCalendarsRequested", "Too many calendars requested.")
        query = Query(
            single_events=True,
            order_by="startTime",
            time_min=bounds["timeMin"].timestamp(),
            time_max=bounds["timeMax"].timestamp(),
            page_size=ENTRIES_MAX,
        )
        check_window(query)
        return Answer(
            {
                "kind": "calendar#freeBusy",
                **{name: times.in_utc(moment) for name, moment in bounds.items()},
                "calendars": {one["id"]: self._busy(ask, one["id"], query) for one in items},
            }
        )

    def _busy(self, ask: Ask, calendar_id: str, query: Query) -> dict[str, Any]:
        try:
            calendar, _ = reach(self._state, ask.mailbox, calendar_id, Role.FREE_BUSY_READER)
        except GoogleError as error:
            return {"errors": [{"domain": "global", "reason": error.reason}], "busy": []}
        return {"busy": list(self._periods(calendar, query))}

    def _periods(self, calendar: Calendar, query: Query) -> list[dict[str, str]]:
        now = self._world.clock.now()
        life = self._state.sync_token_life
        page = Listing(calendar, query, now=now, sync_token_life=life).page()
        periods: list[tuple[float, float]] = []
        for event in (entry.resolved() for entry in page.entries):
            if event.fields.get("transparency") == "transparent":
                continue
            if periods and event.start_at <= periods[-1][1]:
                start, end = periods[-1]
                periods[-1] = (start, max(end, event.end_at))
            else:
                periods.append((event.start_at, event.end_at))
        return [{"start": _stamp(start), "end": _stamp(end)} for start, end in periods]


def _bound(body: dict[str, Any], name: str) -> datetime:
    text = body.get(name)
    if text is None:
        raise errors.required(name)
    moment = times.parse_stamp(str(text))
    if moment is None or moment.tzinfo is None:
        raise GoogleError(400, "badRequest", "Bad Request", location=name)
    return moment


def _stamp(moment: float) -> str:
    return times.in_utc(datetime.fromtimestamp(moment, UTC))
