"""Puts the service together; the only place that builds anything."""

from collections.abc import Callable
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from calendar_ingest.adapters.exchange.access import exchange_access
from calendar_ingest.adapters.exchange.client import ExchangeClient
from calendar_ingest.adapters.google.access import google_access
from calendar_ingest.adapters.google.oauth import TokenRefresh as GoogleRefresh
from calendar_ingest.adapters.microsoft.access import microsoft_access
from calendar_ingest.adapters.microsoft.oauth import TokenRefresh as MicrosoftRefresh
from calendar_ingest.adapters.reading import count_skipped_from_zero
from calendar_ingest.calendars import Providers
from calendar_ingest.credentials import StoredPasswords, StoredTokens
from calendar_ingest.endpoints import ListCalendars
from calendar_ingest.exchange_accounts import FindExchangeAccount
from calendar_ingest.exchange_webhook import ExchangeWebhook
from calendar_ingest.microsoft_webhooks import MicrosoftWebhooks
from calendar_ingest.reader import Reader
from calendar_ingest.reports import Reports
from calendar_ingest.repository import Channels, Commands, Connections, Reads
from calendar_ingest.settings import Settings
from calendar_ingest.subscribers import Subscribers
from calendar_ingest.sweeper import Sweeper
from calendar_ingest.watcher import Watcher
from calendar_ingest.webhooks import GoogleWebhook
from calendar_ingest.writer import Writer
from tandem.contracts.connections import Provider
from tandem.contracts.topics import CALENDAR_EVENTS, CALENDAR_HINTS, SYNC_REQUESTS
from tandem.runtime.app import Runtime
from tandem.runtime.clock import Clock
from tandem.runtime.continuity import Continuity
from tandem.runtime.credential_store import Credentials
from tandem.runtime.internal import internal
from tandem.runtime.work_pool import WorkPool

SERVICE = "calendar-ingest"
SCHEMA = "calendar"
CALL_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
CALLS_MAX = httpx.Limits(max_connections=100, max_keepalive_connections=40)
POLL_S = 1.0
BROKER_CHECK_S = 10.0
TIDY_S = 60.0
CHANNELS_AT_A_TIME = 4


def create_app(settings: Settings, *, providers: Providers | None = None) -> Starlette:
    """Build the service with the roles that `settings` name; `providers` stand in for the real."""
    runtime = Runtime(settings, service=SERVICE, schema=SCHEMA, package="calendar_ingest")
    http = httpx.AsyncClient(timeout=CALL_TIMEOUT, limits=CALLS_MAX, follow_redirects=False)
    credentials = Credentials(
        settings, runtime.clock, connections_max=settings.database_connections_max
    )
    runtime.on_start(credentials.open)
    exchange = ExchangeClient(settings, StoredPasswords(credentials))
    if providers is None:
        providers = {
            **_providers(http, settings, credentials, runtime.clock),
            Provider.EXCHANGE: exchange_access(exchange, settings, clock=runtime.clock),
        }
    count_skipped_from_zero(providers)
    connections, reads = Connections(runtime), Reads(runtime)
    commands, channels = Commands(runtime), Channels(runtime)
    reports = Reports(runtime, connections)

    reader = Reader(runtime, providers, reads=reads, channels=channels, reports=reports)
    reading = WorkPool("read", claim=reads.claim, work=reader.read, most=settings.reads_max)
    writer = Writer(runtime, providers, commands=commands, reads=reads, reports=reports)
    writing = WorkPool("write", claim=commands.claim, work=writer.write, most=settings.writes_max)
    watcher = Watcher(runtime, providers, channels=channels, reports=reports)
    watching = WorkPool(
        "watch", claim=channels.claim_watching, work=watcher.watch, most=CHANNELS_AT_A_TIME
    )
    closing = WorkPool(
        "close", claim=channels.claim_closing, work=watcher.close, most=CHANNELS_AT_A_TIME
    )
    _run(runtime, "reader", [reading])
    _run(runtime, "writer", [writing])
    _run(runtime, "sweeper", [watching, closing])
    if runtime.has_role("sweeper"):
        _sweep(
            runtime,
            Sweeper(
                runtime,
                reads=reads,
                commands=commands,
                connections=connections,
                credentials=credentials,
                continuity=Continuity(
                    schema=SCHEMA,
                    kafka=settings,
                    topics=[CALENDAR_EVENTS, CALENDAR_HINTS, SYNC_REQUESTS],
                ),
                interval_s=settings.sweep_interval_s,
                quiet_interval_s=settings.sweep_quiet_interval_s,
            ),
        )
    Subscribers(
        connections=connections,
        reads=reads,
        commands=commands,
        wake_reader=reading.wake,
        wake_writer=writing.wake,
        wake_watcher=_all(watching.wake, closing.wake),
    ).declare(runtime)
    # Hooks run in this order: nothing is closed that draining may still need.
    runtime.on_stop(http.aclose)
    runtime.on_stop(exchange.close)
    runtime.on_stop(credentials.close)

    routes = runtime.health.routes()
    if runtime.has_role("web"):
        guard = internal(settings.internal_token)
        routes += [
            Route("/webhooks/google", GoogleWebhook(runtime, channels).take, methods=["POST"]),
            *MicrosoftWebhooks(runtime, channels).routes(),
            Route("/webhooks/exchange", ExchangeWebhook(runtime, channels).take, methods=["POST"]),
            Route(
                "/internal/exchange-accounts",
                guard(FindExchangeAccount(exchange, settings, credentials).answer),
                methods=["POST"],
            ),
            Route(
                "/internal/calendars",
                guard(ListCalendars(providers, credentials).answer),
                methods=["GET"],
            ),
        ]
    return Starlette(routes=routes, lifespan=runtime.lifespan)


def _providers(
    http: httpx.AsyncClient, settings: Settings, credentials: Credentials, clock: Clock
) -> Providers:
    """The providers at which this installation is known."""
    google = StoredTokens(credentials, GoogleRefresh(http, settings, clock))
    known = {Provider.GOOGLE: google_access(http, settings, tokens=google, clock=clock)}
    if settings.microsoft_client_id:
        microsoft = StoredTokens(credentials, MicrosoftRefresh(http, settings, clock))
        known[Provider.MICROSOFT] = microsoft_access(http, settings, tokens=microsoft, clock=clock)
    return known


def _run(runtime: Runtime, role: str, pools: list[WorkPool[Any]]) -> None:
    if runtime.has_role(role):
        for pool in pools:
            runtime.loops.every(POLL_S, pool.name, pool.round, wait=pool.wait)
            runtime.on_stop(pool.drain)


def _sweep(runtime: Runtime, sweeper: Sweeper) -> None:
    runtime.loops.every(POLL_S, "sweep", sweeper.sweep)
    runtime.loops.every(BROKER_CHECK_S, "broker_check", sweeper.check_broker)
    runtime.loops.every(TIDY_S, "tidy", sweeper.tidy)


def _all(*calls: Callable[[], None]) -> Callable[[], None]:
    def call_all() -> None:
        for call in calls:
            call()

    return call_all
