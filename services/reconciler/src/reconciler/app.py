"""Composition root of the reconciler."""

from datetime import timedelta
from typing import Final

from starlette.applications import Starlette

from reconciler.brakes import Limits
from reconciler.decisions import count_from_zero
from reconciler.endpoints import internal_routes
from reconciler.executor import Executor
from reconciler.order_endpoints import order_routes
from reconciler.settings import Settings
from reconciler.subscribers import subscribe_all
from reconciler.sweeper import Sweeper
from tandem.contracts.topics import (
    CALENDAR_COMMANDS,
    CALENDAR_EVENTS,
    CRM_ACTIVITIES,
    CRM_COMMANDS,
    SYNC_OUTCOMES,
)
from tandem.runtime.app import Runtime
from tandem.runtime.continuity import Continuity
from tandem.runtime.inbox import Inbox

SCHEMA: Final = "sync"
RESEND_EVERY_S: Final = 10.0
BROKER_CHECK_EVERY_S: Final = 10.0
TIDY_EVERY_S: Final = 3600.0
TURNS_EVERY_S: Final = 900.0


def create_app(settings: Settings) -> Starlette:
    """Build the service; nothing is connected before its lifespan begins."""
    runtime = Runtime(settings, service="reconciler", schema=SCHEMA, package="reconciler")
    executor = Executor(
        pool=lambda: runtime.pool,
        inbox=Inbox(schema=SCHEMA),
        outbox=runtime.outbox,
        clock=runtime.clock,
        new_id=runtime.new_id,
        limits=Limits(
            deletions=settings.deletions_max,
            deletions_share=settings.deletions_share_max,
            writes_of_link=settings.link_writes_max,
        ),
    )
    count_from_zero()
    if runtime.has_role("reader"):
        subscribe_all(runtime, executor)
    if runtime.has_role("sweeper"):
        continuity = Continuity(
            schema=SCHEMA,
            kafka=settings,
            topics=[
                CRM_ACTIVITIES,
                CALENDAR_EVENTS,
                CRM_COMMANDS,
                CALENDAR_COMMANDS,
                SYNC_OUTCOMES,
            ],
        )
        sweeper = Sweeper(
            runtime,
            executor,
            continuity=continuity,
            resend_after=timedelta(seconds=settings.resend_after_s),
            keep_history=timedelta(days=settings.history_days),
        )
        runtime.loops.every(RESEND_EVERY_S, "resend", sweeper.resend, wait=sweeper.wait)
        runtime.loops.every(BROKER_CHECK_EVERY_S, "broker_check", sweeper.check_broker)
        runtime.loops.every(TIDY_EVERY_S, "tidy", sweeper.tidy)
        runtime.loops.every(TURNS_EVERY_S, "take_turns", sweeper.take_turns)
    routes = [*runtime.health.routes(), *internal_routes(runtime), *order_routes(runtime, executor)]
    return Starlette(routes=routes, lifespan=runtime.lifespan)
