"""Composition root of the reconciler."""

from datetime import timedelta
from typing import Final

from starlette.applications import Starlette

from reconciler.endpoints import internal_routes
from reconciler.executor import Executor
from reconciler.settings import Settings
from reconciler.subscribers import subscribe_all
from tandem.runtime.app import Runtime
from tandem.runtime.inbox import Inbox

SCHEMA: Final = "sync"
RESEND_EVERY_S: Final = 10.0
FORGET_EVERY_S: Final = 3600.0


def create_app(settings: Settings) -> Starlette:
    """Build the service; nothing is connected before its lifespan begins."""
    runtime = Runtime(settings, service="reconciler", schema=SCHEMA, package="reconciler")
    inbox = Inbox(schema=SCHEMA)
    executor = Executor(
        pool=lambda: runtime.pool,
        inbox=inbox,
        outbox=runtime.outbox,
        clock=runtime.clock,
        new_id=runtime.new_id,
    )
    if runtime.has_role("reader"):
        subscribe_all(runtime, executor)
    if runtime.has_role("sweeper"):
        _sweep(runtime, executor, inbox, resend_after=timedelta(seconds=settings.resend_after_s))
    routes = [*runtime.health.routes(), *internal_routes(runtime)]
    return Starlette(routes=routes, lifespan=runtime.lifespan)


def _sweep(runtime: Runtime, executor: Executor, inbox: Inbox, *, resend_after: timedelta) -> None:
    lost = False

    def note_loss() -> None:
        nonlocal lost
        lost = True

    async def resend() -> None:
        nonlocal lost
        older_than, lost = (timedelta() if lost else resend_after), False
        await executor.resend_stale(older_than)

    async def forget() -> None:
        await inbox.forget_old(runtime.pool)

    runtime.publisher.on_loss.append(note_loss)
    runtime.loops.every(RESEND_EVERY_S, "resend", resend)
    runtime.loops.every(FORGET_EVERY_S, "forget", forget)
