"""One run: a scenario on the production services, all of it on simulated time.

First a storm, in which people edit and everything goes wrong, then a calm that is long enough for
every retry and every sweep. What is there afterwards is judged by the checkers.
"""

import asyncio
import base64
import json
import logging
import random
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

import structlog
from tests.simulation import service
from tests.simulation.broker import Kafka
from tests.simulation.clock import SimulatedClock
from tests.simulation.desk import Desk
from tests.simulation.people import CALENDAR, ME, People
from tests.simulation.process import Process
from tests.simulation.providers import Outside, SimulatedCalendar, SimulatedCrm
from tests.simulation.scenario import CALM_S, STORM_S, Change, Edit, Scenario, Weather
from tests.simulation.store import Store
from tests.simulation.tables.calendar import CalendarTables
from tests.simulation.tables.crm import CrmTables
from tests.simulation.tables.settings import SettingsTables
from tests.simulation.tables.sync import SyncTables
from tests.simulation.virtual_loop import VirtualLoop
from tests.simulation.wire import COMPANY, Wire

from calendar_ingest.repository.queries import QUERIES as CALENDAR_QUERIES
from crm_ingest.crm import ActivityKind
from crm_ingest.repository.queries import QUERIES as CRM_QUERIES
from reconciler.repository.queries import QUERIES as SYNC_QUERIES
from settings_api.repository import QUERIES as SETTINGS_QUERIES
from tandem.contracts.connections import Provider
from tandem.contracts.topics import SYNC_HEALTH

SERVICES: Final = ("crm-ingest", "calendar-ingest", "reconciler", "settings-api")
ALARMING: Final = frozenset({"loop_failed", "work_failed", "dead_letter", "read_failed"})
OTHERS_EVERY: Final = timedelta(minutes=30)
"""The rarest sweep comes more often than in life, so that the calm need not last a day."""
RESTART_S: Final = (0.5, 30.0)
AWAY_S: Final = ((1.0, 20.0), (20.0, 900.0))
"""How long an account is lost: some users notice at once."""
SETTLE_S: Final = 900.0
ACCEPTED_HINTS: Final = frozenset({200, 202, 204})
LATER: Final = 503
UNKNOWN: Final = 404
KINDS: Final = tuple(ActivityKind(key, key.title(), key, None) for key in ("meeting", "lunch"))
MENDED_S: Final = 300.0
"""After this much calm everything is mended."""
LOOKS: Final = 2
"""How often the user looks at the page while all settles."""
SLOWER: Final = 6.0
SESSION_S: Final = 10.0
"""How long Kafka waits for a member that is dead."""


@dataclass
class Simulation:
    """Everything that is there in one run; `trace` tells it in order."""

    scenario: Scenario
    loop: VirtualLoop
    trace: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        scenario, loop = self.scenario, self.loop
        self.chance = Random(scenario.chance)
        self.clock = SimulatedClock(loop, scenario.start)
        self.kafka = Kafka(self.clock.now)
        self.weather = scenario.weather
        makers = (
            ("crm-ingest", "crm", CrmTables, CRM_QUERIES),
            ("calendar-ingest", "calendar", CalendarTables, CALENDAR_QUERIES),
            ("reconciler", "sync", SyncTables, SYNC_QUERIES),
            ("settings-api", "settings", SettingsTables, SETTINGS_QUERIES),
        )
        self.stores = {
            name: Store(schema, tables(self.clock.now, self.new_id), queries)
            for name, schema, tables, queries in makers
        }
        theirs = SimulatedClock(loop, scenario.start, ahead_s=self.weather.clock_ahead_s)
        self.outside = Outside(
            crm=SimulatedCrm(clock=self.clock, kinds=KINDS),
            calendar=SimulatedCalendar(clock=theirs, page_size=4),
            weather=self.weather,
            chance=Random(scenario.chance + 1),
            now=self.clock.now,
            on_write=self.announce,
            note=self.note,
            cut_off=self._lose,
            is_known=self._is_known,
        )
        self.outside.calendar.add_calendar(CALENDAR)
        self.outside.calendar.rewrites = self.weather.rewriting > 0
        self.people = People(self.outside)
        settings: Any = self.stores["settings-api"].tables
        self.desk = Desk(
            lambda: self.running["settings-api"],
            note=self.note,
            refused=self.refused,
            tables=settings,
            settings={
                "direction": scenario.direction,
                "conflict_winner": scenario.conflict_winner,
                "synced_types": frozenset({"meeting"}),
            },
        )
        self.desk.sign_up(scenario.start)
        self.pace = service.Pace()
        self.running: dict[str, service.RunningService] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._starts = 0

    def new_id(self) -> UUID:
        """The next id; every id of a run comes from its seed."""
        return UUID(int=self.chance.getrandbits(128), version=4)

    def note(self, what: str) -> None:
        """Tell what happens."""
        self.trace.append(f"{self.loop.time():9.2f}s {what}")

    def refused(self, what: str) -> None:
        """The user was refused something, for which there is no reason once all is well."""
        if self.loop.time() > STORM_S:
            self._alarm(what)

    async def run(self) -> None:
        """The storm, then the calm."""
        for name in SERVICES:
            self.start(name)
        self._press(self.desk.start())
        for edit in self.scenario.edits:
            self._at(edit.at_s, self.edit, edit)
        for change in self.scenario.changes:
            self._at(change.at_s, self.change, change)
        for at_s in self.scenario.clearings:
            self._at(at_s, self._clear)
        self._prepare_mishaps()
        await asyncio.sleep(STORM_S)
        self.calm_down()
        self._at(STORM_S + MENDED_S, self._report_again)
        for _ in range(LOOKS):
            await asyncio.sleep(SETTLE_S / LOOKS)
            await self.desk.mend(held=self.scenario.held)
        self.pace.slower = SLOWER
        await asyncio.sleep(CALM_S)
        await self.desk.see_all_well()
        self._compare_connections()

    def _compare_connections(self) -> None:
        """Every service has heard what settings-api says last, and none rests for itself."""
        rows = {
            name: next(iter(store.tables.connections))  # type: ignore[attr-defined]
            for name, store in self.stores.items()
        }
        known = {name: row["revision"] for name, row in rows.items()}
        if len(set(known.values())) > 1:
            self.refused(f"the services know different revisions of the connection: {known}")
        if reason := rows["reconciler"]["blocked_reason"]:
            self.refused(f"the reconciler rests for {reason} although all is well")

    def start(self, name: str) -> None:
        """Start a process of a service."""
        self._starts += 1
        process = Process(f"{name}-{self._starts}", Random(self.chance.getrandbits(64)))
        providers: dict[str, Any] = {}
        if name == "crm-ingest":
            providers["crm"] = self.outside.crm_for(process)
        elif name == "calendar-ingest":
            providers["providers"] = {Provider.GOOGLE: self.outside.calendar_for(process)}
        elif name == "settings-api":
            providers["http"] = Wire(process, self.running, self.allow)
        running = service.start(
            name,
            process,
            kafka=self.kafka,
            store=self.stores[name],
            clock=self.clock,
            new_id=self.new_id,
            pace=self.pace,
            **providers,
        )
        running.runtime.publisher.unlucky = self.weather.publishes_failed
        for task in running.runtime.tasks:
            task.add_done_callback(self._ended)
        self.running[name] = running

    def edit(self, edit: Edit) -> None:
        """Somebody edits something."""
        item_id = self.people.do(edit)
        if item_id is not None:
            self.note(f"person: {edit.side} {edit.verb} {edit.token} ({item_id})")
            self.announce(edit.side, item_id)

    def change(self, change: Change) -> None:
        """The user changes a setting."""
        self.note(f"setting: {change.name} = {change.value}")
        self._press(self.desk.change(**{change.name: change.value}))

    def allow(self, side: str) -> None:
        """The user allows us to use his account of a side again."""
        if side in self.outside.revoked:
            self.outside.revoked.discard(side)
            self.note(f"allowed again: {side}")

    def announce(self, side: str, item_id: str) -> None:
        """A provider tells us that something has changed, if it does."""
        outside, weather = self.outside, self.outside.weather
        if outside.happens(weather.webhooks_lost):
            return
        times = 2 if outside.happens(weather.webhooks_doubled) else 1
        for _ in range(times):
            late = outside.happens(weather.webhooks_late)
            wait_s = outside.chance.uniform(0.05, 120.0 if late else 2.0)
            self._at(self.loop.time() + wait_s, self._send_webhook, side, item_id)

    def calm_down(self) -> None:
        """From now on everything works."""
        self.note("calm")
        self.outside.weather = Weather()
        for running in self.running.values():
            running.runtime.publisher.unlucky = 0.0
            running.process.dies_in = None
        for topic, partition in list(self.kafka.blocked):
            self.kafka.unblock(topic, partition)
        for side in sorted(self.outside.revoked):
            self._mend(side)
        self._share()
        self._resume()
        if self.scenario.changes:
            self._press(self.desk.change_back({one.name for one in self.scenario.changes}))

    # Mishaps

    _paused = False

    def _prepare_mishaps(self) -> None:
        weather = self.weather
        for _ in range(weather.crashes):
            self._some_time(self._crash)
        for _ in range(weather.rebalances):
            self._some_time(self._rebalance)
        for _ in range(weather.repeats):
            self._some_time(self._repeat)
        for _ in range(weather.blocked_partitions):
            self._some_time(self._block)
        for _ in range(weather.revoked_grants):
            self._some_time(self._revoke)
        for _ in range(weather.pauses):
            self._some_time(self._pause)
        for _ in range(weather.unshared_calendars):
            self._some_time(self._unshare)
        for _ in range(weather.removed_apps):
            self._some_time(self._remove_app)
        for _ in range(weather.resyncs):
            self._some_time(self._resync)

    def _crash(self) -> None:
        name = self.outside.chance.choice(SERVICES)
        running = self.running[name]
        running.process.dies_in = self.outside.chance.randint(1, 60)
        self._go(self._restart_after(name, running))

    async def _restart_after(self, name: str, running: service.RunningService) -> None:
        while not running.process.dead:
            if running.process.dies_in is None:
                return
            await asyncio.sleep(1.0)
        self.note(f"{running.process.name} has died")
        chance = self.outside.chance
        self._at(self.loop.time() + SESSION_S, self.kafka.rebalance)
        await asyncio.sleep(chance.uniform(*RESTART_S))
        if self.running[name] is running:
            self.start(name)
            self.note(f"{self.running[name].process.name} starts")

    def _rebalance(self) -> None:
        self.note("rebalance")
        self.kafka.rebalance()

    def _repeat(self) -> None:
        groups = sorted(self.kafka.groups)
        name = self.outside.chance.choice(groups)
        self.note(f"records come again: {name[0]} {name[1]}")
        self.kafka.repeat(self.kafka.groups[name], self.outside.chance.randint(1, 20))

    def _report_again(self) -> None:
        """All that was ever reported comes once more, as old news."""
        for (name, topic), group in self.kafka.groups.items():
            if topic == SYNC_HEALTH.name:
                self.note(f"records come again: {name} {topic}")
                self.kafka.repeat(group, max(group.committed))

    def _block(self) -> None:
        chance, topics = self.outside.chance, sorted(self.kafka.topics)
        if not topics:
            return
        topic = chance.choice(topics)
        partition = chance.randrange(3)
        self.note(f"held up: {topic} {partition}")
        self.kafka.block(topic, partition)
        self._at(self.loop.time() + chance.uniform(5, 300), self.kafka.unblock, topic, partition)

    def _revoke(self) -> None:
        self._lose(self.outside.chance.choice(("crm", "calendar")))

    def _lose(self, side: str) -> None:
        """The account of a side is lost for a while."""
        chance = self.outside.chance
        self.note(f"grant revoked: {side}")
        self.outside.revoked.add(side)
        self._at(self.loop.time() + chance.uniform(*chance.choice(AWAY_S)), self._mend, side)

    def _mend(self, side: str) -> None:
        if side in self.outside.revoked:
            self._press(self.desk.reconnect(side))

    def _remove_app(self) -> None:
        self._lose("crm")
        self._press(self.desk.remove_app())

    def _unshare(self) -> None:
        self.note("calendar unshared")
        self.outside.unshared = True
        away_s = self.outside.chance.uniform(*self.outside.chance.choice(AWAY_S))
        self._at(self.loop.time() + away_s, self._share)

    def _is_known(self, side: str, item_id: Any) -> bool:
        """Whether the reconciler has taken in an item."""
        tables: Any = self.stores["reconciler"].tables
        if side == "crm":
            return tables.activities.get(COMPANY, ME, item_id) is not None
        return any(row["event_id"] == item_id for row in tables.events)

    def _share(self) -> None:
        if self.outside.unshared:
            self.note("calendar shared again")
            self.outside.unshared = False
            self._press(self.desk.choose_calendar())

    def _resync(self) -> None:
        self._press(self.desk.resync())

    def _pause(self) -> None:
        self.note("paused")
        self._paused = True
        self._press(self.desk.pause())
        self._at(self.loop.time() + self.outside.chance.uniform(10, 600), self._resume)

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self.note("resumed")
            self._press(self.desk.resume())

    # Time

    def _some_time(self, call: Any) -> None:
        self._at(self.outside.chance.uniform(0, STORM_S), self._in_storm, call)

    def _in_storm(self, call: Any) -> None:
        if self.loop.time() < STORM_S:
            call()

    def _at(self, moment_s: float, call: Any, *values: Any) -> None:
        self.loop.call_at(moment_s, call, *values)

    def _go(self, work: Any) -> None:
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        """What works in the background may end, but not by an exception."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._alarm(repr(error))

    def _press(self, work: Any) -> None:
        self._go(self._pressed(work))

    async def _pressed(self, work: Any) -> None:
        """The user presses a button, which must never break anything."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever it is, the run tells of it
            self._alarm(f"a button failed: {error!r}")

    def _clear(self) -> None:
        self._press(self.desk.clear())

    def _send_webhook(self, side: str, item_id: str) -> None:
        self._go(self._post_crm(item_id) if side == "crm" else self._post_calendar())

    async def _post_crm(self, activity_id: str) -> None:
        if not self.outside.crm.webhooks:
            return
        credentials = f"{service.WEBHOOK_USER}:{service.WEBHOOK_PASSWORD}".encode()
        meta = {
            "action": "change",
            "entity": "activity",
            "entity_id": int(activity_id),
            "company_id": COMPANY,
        }
        body = json.dumps({"meta": meta, "data": {"owner_id": ME}}).encode()
        await self._post(
            "crm-ingest",
            "/webhooks/pipedrive",
            {"authorization": "Basic " + base64.b64encode(credentials).decode()},
            body,
        )

    async def _post_calendar(self) -> None:
        """A notice of each channel; one that a crash has left behind is not known, but one is."""
        statuses = [
            await self._post(
                "calendar-ingest",
                "/webhooks/google",
                {
                    "x-goog-resource-state": "exists",
                    "x-goog-channel-id": channel_id,
                    "x-goog-channel-token": secret,
                },
                unknown=True,
            )
            for channel_id, secret in list(self.outside.calendar.channels.items())
        ]
        if self.loop.time() > STORM_S + MENDED_S and set(statuses) == {UNKNOWN}:
            self._alarm("no channel of the calendar is known")

    async def _post(
        self,
        name: str,
        path: str,
        headers: dict[str, str],
        body: bytes = b"",
        *,
        unknown: bool = False,
    ) -> int:
        """A webhook is accepted, or not now where nothing can be published; gives the status."""
        running = self.running[name]
        status = await running.post(path, headers, body)
        expected = {*ACCEPTED_HINTS, UNKNOWN} if unknown else ACCEPTED_HINTS
        may_fail = running.process.dead or running.runtime.publisher.unlucky > 0
        if status not in expected and not (status == LATER and may_fail):
            self._alarm(f"{path} was answered by {status}")
        return status

    # Noise

    def _alarm(self, what: str) -> None:
        self.alarms.append(f"{self.loop.time():9.2f}s {what}")

    def complain(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What fails where nobody waits for it is heard all the same."""
        if "exception" in context:
            self._alarm(f"{context['message']}: {context['exception']!r}")

    def hear(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
        """Of what is logged only what should never be is kept."""
        if event["event"] in ALARMING and event.get("error") != "Retryable":
            self._alarm(f"{event}")
        raise structlog.DropEvent


def run(scenario: Scenario) -> Simulation:
    """Play a scenario to its end; the same one always comes to the same."""
    random.seed(scenario.chance)
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    simulation = Simulation(scenario, loop)
    structlog.configure(
        processors=[structlog.processors.format_exc_info, simulation.hear],
        cache_logger_on_first_use=False,
    )
    loop.set_exception_handler(simulation.complain)
    with patch("crm_ingest.sweeper.OTHERS_EVERY", OTHERS_EVERY):
        loop.run_until_complete(simulation.run())
    return simulation
