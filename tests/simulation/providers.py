"""Pipedrive and the calendar as one process reaches them: slow, unreliable, and remembered.

The state machines are the services' own in-memory adapters. Here every call takes its time and
may fail before it is carried out, or after.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import Any, Final

from tests.simulation.process import Process
from tests.simulation.scenario import Weather

from calendar_ingest.adapters.memory import MemoryProvider
from calendar_ingest.calendars import Access, CalendarGoneError, CursorExpiredError
from crm_ingest.adapters.memory import MemoryCrm
from crm_ingest.crm import Crm, UncertainError
from tandem.contracts.events import EventSnapshot, TextFormat
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import Retryable

CALL_S: Final = 0.6
RATE_LIMIT_S: Final = 20.0
WRITES: Final = frozenset({"create", "change", "update", "delete"})


@dataclass(frozen=True)
class Write:
    """A write of ours that a provider carried out; `made` is what the item then was."""

    at: datetime
    side: str
    verb: str
    item_id: str
    title: str
    made: Any = None


@dataclass
class Outside:
    """The two providers, what becomes of calls to them, and what was written.

    `unanswered` counts the writes of each item whose answer was lost.
    """

    crm: "SimulatedCrm"
    calendar: "SimulatedCalendar"
    weather: Weather
    chance: Random
    now: Callable[[], datetime]
    on_write: Callable[[str, str], None]
    note: Callable[[str], None]
    cut_off: Callable[[str], None]
    is_known: Callable[[str, Any], bool]
    writes: list[Write] = field(default_factory=list)
    revoked: set[str] = field(default_factory=set)
    unanswered: Counter[str] = field(default_factory=Counter)
    unshared: bool = False
    _made: dict[str, Process] = field(default_factory=dict)

    def in_doubt(self, item_id: str) -> bool:
        """Whether the answer may have been lost that we have made an item."""
        maker = self._made.get(item_id)
        return maker is not None and (
            item_id in self.unanswered or maker.dead or maker.dies_in is not None
        )

    def made(self, item_id: str, maker: Process) -> None:
        """Remember who made an item."""
        self._made[item_id] = maker

    def crm_for(self, process: Process) -> Crm:
        """Pipedrive for one process."""
        real = self.crm.crm
        return Crm(
            activities=Calls(self, process, "crm", real.activities),
            contacts=Calls(self, process, "crm", real.contacts),
            subscriptions=Calls(self, process, "crm", real.subscriptions),
            company=Calls(self, process, "crm", real.company),
        )

    def calendar_for(self, process: Process) -> Access:
        """The calendar for one process."""
        calls = Calls(self, process, "calendar", self.calendar)
        return Access(calendars=calls, push=calls, recurring=calls)

    def is_cut_off(self) -> bool:
        """Whether the account goes with the answer to this write; a limited number of times."""
        if not self.weather.cut_off_writes or not self.happens(0.5):
            return False
        fewer = self.weather.cut_off_writes - 1
        self.weather = replace(self.weather, cut_off_writes=fewer)
        return True

    def happens(self, share: float) -> bool:
        """Whether a mishap of this share comes about."""
        return share > 0 and self.chance.random() < share


class Calls:
    """Calls of one process to one part of a provider."""

    def __init__(self, outside: Outside, process: Process, side: str, target: Any) -> None:
        self._outside = outside
        self._process = process
        self._side = side
        self._target = target

    @property
    def terms(self) -> str:
        """See `Subscriptions`."""
        return str(self._target.terms)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)

        async def call(*values: Any, **named: Any) -> Any:
            return await self._call(name, method, values, named)

        return call

    async def _call(self, name: str, method: Any, values: Any, named: Any) -> Any:
        outside, weather = self._outside, self._outside.weather
        await self._process.io(name, CALL_S)
        if self._side in outside.revoked:
            raise GrantLostError("the grant is revoked")
        if outside.unshared and self._side == "calendar" and name != "unsubscribe":
            return self._without_calendar(name)
        if outside.happens(weather.rate_limited):
            outside.note(f"{self._side} {name}: 429")
            raise Retryable("too many requests", retry_after_s=RATE_LIMIT_S)
        if outside.happens(weather.unavailable):
            outside.note(f"{self._side} {name}: 503")
            raise Retryable("unavailable")
        if name == "changes" and outside.happens(weather.cursors_expired) and values[1]:
            outside.note("calendar changes: 410")
            raise CursorExpiredError("410")
        answer = await method(*values, **named)
        is_write = name in WRITES and not isinstance(answer, tuple) and self._is_item_call(values)
        item_id = self._wrote(name, values, answer) if is_write else ""
        cut_off = is_write and name != "delete" and outside.is_cut_off()
        if cut_off:
            outside.cut_off(self._side)
        if cut_off or (is_write and outside.happens(weather.answers_lost)):
            outside.note(f"{self._side} {name}: done, but the answer is lost")
            outside.unanswered[item_id] += 1
            raise UncertainError("timeout") if self._side == "crm" else Retryable("timeout")
        await self._process.io(name, CALL_S)
        return self._shortened(name, values, named, answer)

    def _without_calendar(self, name: str) -> tuple[()]:
        """What an account is answered from which its calendar was taken."""
        if name == "list":
            return ()
        raise CalendarGoneError("the calendar is not shared any more")

    def _is_item_call(self, values: Any) -> bool:
        """Webhooks are created and deleted by calls of the same name."""
        target = self._target
        return target is self._outside.crm or target is self._outside.calendar

    def _wrote(self, name: str, values: Any, answer: Any) -> str:
        outside = self._outside
        item_id, title, made = _item_of(self._side, name, values, answer, outside)
        outside.writes.append(Write(outside.now(), self._side, name, item_id, title, made))
        outside.note(f"{self._process.name} writes: {self._side} {name} {item_id} {title!r}")
        outside.on_write(self._side, item_id)
        if name == "create":
            outside.made(item_id, self._process)
        return item_id

    def _shortened(self, name: str, values: Any, named: Any, answer: Any) -> Any:
        """A whole list may lack what was taken in from an earlier one."""
        outside = self._outside
        if not outside.happens(outside.weather.lists_partial):
            return answer
        if name == "of_owner" and named.get("updated_since") is None:
            kept = tuple(one for one in answer.readings if not self._is_left_out(one))
            return replace(answer, readings=kept)
        if name == "by_ids":
            return tuple(one for one in answer if not self._is_left_out(one))
        if name == "changes" and values[1] is None:
            return replace(
                answer,
                observed=tuple(one for one in answer.observed if not self._is_left_out(one)),
            )
        return answer

    def _is_left_out(self, one: Any) -> bool:
        outside = self._outside
        item_id = one.event_id if self._side == "calendar" else one.activity.activity_id
        # What nobody has taken in yet would not be missed until the whole is listed again.
        return outside.is_known(self._side, item_id) and outside.chance.random() < 0.7


def _item_of(
    side: str, name: str, values: Any, answer: Any, outside: Outside
) -> tuple[str, str, Any]:
    """What was written: its id, its title, and what it is now; nothing where it was deleted."""
    if side == "crm":
        if name == "delete":
            return str(values[1]), outside.crm.subject_of(values[1]), None
        return str(answer.activity.activity_id), answer.activity.subject, answer.activity
    if name == "delete":
        return str(values[1]), outside.calendar.title_of(values[1]), None
    event = answer.event if name == "create" else answer
    return event.event_id, event.title, event


class SimulatedCrm(MemoryCrm):
    """Pipedrive's state, with what the simulation asks of it besides."""

    def subject_of(self, activity_id: int) -> str:
        """What an activity, living or not, is called."""
        kept = self._kept.get(activity_id)
        return kept.activity.subject if kept else ""


class SimulatedCalendar(MemoryProvider):
    """A calendar that may rewrite what it is given."""

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self.rewrites = False

    def put(self, calendar_id: str, event: EventSnapshot) -> EventSnapshot:
        """Keep an event, in the provider's own words."""
        if self.rewrites and event.description_format is TextFormat.TEXT:
            markup = event.description.replace("&", "&amp;").replace("<", "&lt;")
            event = event.model_copy(
                update={
                    "title": f" {event.title}\u00a0",
                    "description": "<p>" + markup.replace("\n", "<br>") + "</p>",
                    "description_format": TextFormat.HTML,
                }
            )
        return super().put(calendar_id, event)

    def title_of(self, event_id: str) -> str:
        """What an event, living or not, is called."""
        for shelf in self._shelves.values():
            if event_id in shelf.events:
                return shelf.events[event_id].event.title
        return ""

    def occurrences_of(self, calendar_id: str, series_id: str) -> dict[str, EventSnapshot]:
        """Living occurrences of a series, by their ids."""
        series = self._shelves[calendar_id].series.get(series_id)
        return dict(series.occurrences) if series is not None and not series.deleted else {}

    def everything_in(self, calendar_id: str) -> list[EventSnapshot]:
        """Living events and occurrences."""
        shelf = self._shelves[calendar_id]
        series = [self.occurrences_of(calendar_id, series_id) for series_id in shelf.series]
        return [*self.events_of(calendar_id), *(one for ones in series for one in ones.values())]
