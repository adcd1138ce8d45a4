"""Puts the service together; the only place that builds anything."""

from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from crm_ingest.adapters.pipedrive.access import pipedrive
from crm_ingest.adapters.pipedrive.client import StoredTokens
from crm_ingest.adapters.pipedrive.oauth import TokenRefresh
from crm_ingest.caretaker import Caretaker
from crm_ingest.creates import Creates
from crm_ingest.crm import Crm
from crm_ingest.endpoints import ListActivityTypes
from crm_ingest.full_reader import FullReader
from crm_ingest.lookup import Lookup
from crm_ingest.observations import Observations
from crm_ingest.observer import Observer
from crm_ingest.reader import Reader
from crm_ingest.reports import Reports
from crm_ingest.repository import Repository
from crm_ingest.settings import Settings
from crm_ingest.subscribers import Subscribers
from crm_ingest.sweeper import Sweeper
from crm_ingest.watcher import Watcher
from crm_ingest.webhooks import PipedriveWebhook
from crm_ingest.writer import Writer
from crm_ingest.writes import Writes
from tandem.contracts.topics import (
    CRM_ACTIVITIES,
    CRM_HINTS,
    SYNC_HEALTH,
    SYNC_OUTCOMES,
    SYNC_REQUESTS,
)
from tandem.runtime.app import Runtime
from tandem.runtime.continuity import Continuity
from tandem.runtime.credential_store import Credentials
from tandem.runtime.internal import internal
from tandem.runtime.work_pool import WorkPool

SERVICE = "crm-ingest"
SCHEMA = "crm"
CALL_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
CALLS_MAX = httpx.Limits(max_connections=100, max_keepalive_connections=40)
POLL_S = 1.0
BROKER_CHECK_S = 10.0
PROBE_S = 30.0
TIDY_S = 60.0
USERS_AT_A_TIME = 4
HINTS_AT_A_TIME = 8


def create_app(settings: Settings, *, crm: Crm | None = None) -> Starlette:
    """Build the service with the roles that `settings` name; `crm` stands in for Pipedrive."""
    runtime = Runtime(settings, service=SERVICE, schema=SCHEMA, package="crm_ingest")
    clock = runtime.clock
    http = httpx.AsyncClient(timeout=CALL_TIMEOUT, limits=CALLS_MAX, follow_redirects=False)
    credentials = Credentials(settings, clock, connections_max=settings.database_connections_max)
    runtime.on_start(credentials.open)
    if crm is None:
        tokens = StoredTokens(credentials, TokenRefresh(http, settings, clock), clock)
        crm = pipedrive(http, settings, tokens=tokens, clock=clock)
    kept = Repository.of(runtime, sweep_interval_s=settings.sweep_interval_s)
    reports = Reports(runtime, kept.connections)
    observations = Observations(runtime.new_id)
    observer = Observer(
        publisher=runtime.publisher,
        known=kept.known,
        contacts=crm.contacts,
        observations=observations,
    )

    reader = Reader(
        lookup=Lookup(crm.activities, side_by_side=settings.reads_max, now=clock.now),
        observer=observer,
        connections=kept.connections,
        known=kept.known,
        held=kept.held,
        reports=reports,
    )
    full_reader = FullReader(
        activities=crm.activities,
        observer=observer,
        observations=observations,
        publisher=runtime.publisher,
        connections=kept.connections,
        known=kept.known,
        held=kept.held,
        reads=kept.reads,
        reports=reports,
        clock=clock,
    )
    sweeper = Sweeper(
        activities=crm.activities,
        observer=observer,
        connections=kept.connections,
        known=kept.known,
        held=kept.held,
        sweeps=kept.sweeps,
        webhooks=kept.webhooks,
        reports=reports,
        clock=clock,
        interval_s=settings.sweep_interval_s,
        quiet_interval_s=settings.sweep_quiet_interval_s,
    )
    watcher = Watcher(runtime, crm.subscriptions, webhooks=kept.webhooks, reports=reports)
    writer = Writer(
        runtime,
        Writes(
            activities=crm.activities,
            creates=Creates(crm.activities, kept.intents, clock.now),
            new_id=runtime.new_id,
            now=clock.now,
        ),
        commands=kept.commands,
        known=kept.known,
        reports=reports,
    )

    holding = WorkPool(
        "held_hints", claim=kept.held.claim, work=reader.follow_one, most=HINTS_AT_A_TIME
    )
    reading = WorkPool(
        "read_all", claim=full_reader.claim, work=full_reader.read, most=USERS_AT_A_TIME
    )
    sweeping = WorkPool("sweep", claim=kept.sweeps.claim, work=sweeper.sweep, most=USERS_AT_A_TIME)
    watching = WorkPool(
        "watch", claim=kept.webhooks.claim, work=watcher.look_after, most=USERS_AT_A_TIME
    )
    writing = WorkPool(
        "write", claim=kept.commands.claim, work=writer.write, most=settings.writes_max
    )
    _run(runtime, "reader", [holding, reading])
    _run(runtime, "sweeper", [sweeping, watching])
    _run(runtime, "writer", [writing])
    if runtime.has_role("sweeper"):
        _keep_house(
            runtime,
            Caretaker(
                runtime,
                company=crm.company,
                connections=kept.connections,
                reads=kept.reads,
                held=kept.held,
                commands=kept.commands,
                credentials=credentials,
                reports=reports,
                continuity=Continuity(
                    schema=SCHEMA,
                    kafka=settings,
                    topics=[CRM_HINTS, CRM_ACTIVITIES, SYNC_REQUESTS, SYNC_OUTCOMES, SYNC_HEALTH],
                ),
            ),
        )
    Subscribers(
        connections=kept.connections,
        reader=reader,
        reads=kept.reads,
        commands=kept.commands,
        wake_full_reader=reading.wake,
        wake_writer=writing.wake,
        wake_watcher=watching.wake,
    ).declare(runtime)
    # Hooks run in this order: nothing is closed that draining may still need.
    runtime.on_stop(http.aclose)
    runtime.on_stop(credentials.close)

    routes = runtime.health.routes()
    if runtime.has_role("web"):
        guard = internal(settings.internal_token)
        routes += [
            Route(
                "/webhooks/pipedrive", PipedriveWebhook(runtime, settings).take, methods=["POST"]
            ),
            Route(
                "/internal/activity-types",
                guard(ListActivityTypes(crm.company, credentials).answer),
                methods=["GET"],
            ),
        ]
    return Starlette(routes=routes, lifespan=runtime.lifespan)


def _run(runtime: Runtime, role: str, pools: list[WorkPool[Any]]) -> None:
    if runtime.has_role(role):
        for pool in pools:
            runtime.loops.every(POLL_S, pool.name, pool.round, wait=pool.wait)
            runtime.on_stop(pool.drain)


def _keep_house(runtime: Runtime, caretaker: Caretaker) -> None:
    runtime.loops.every(BROKER_CHECK_S, "broker_check", caretaker.check_broker)
    runtime.loops.every(PROBE_S, "probe", caretaker.probe_lost_grants)
    runtime.loops.every(TIDY_S, "tidy", caretaker.tidy)
