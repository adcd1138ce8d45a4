"""Tells open pages what has changed, by server-sent events.

A stream ends by itself, so that a process that stops is not held up; browsers come back at once.
"""

from collections.abc import AsyncIterator
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from settings_api.api.shown import shown
from settings_api.pages.page_route import PageRoute
from settings_api.pages.visitor import CurrentVisitor, Visitor

LOOK_EVERY_S: Final = 1.0
LOOKS: Final = 15
RETRY_MS: Final = 500

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/live")
async def live(visitor: CurrentVisitor) -> Response:
    """`status-<id>` and `settings-<id>`: what a page shows of a connection may be old."""
    return StreamingResponse(_events(visitor), media_type="text/event-stream")


async def _events(visitor: Visitor) -> AsyncIterator[str]:
    """Everything is told once at the start, for what happened while nobody listened."""
    yield f"retry: {RETRY_MS}\n\n"
    told: dict[str, str] = {}
    for _ in range(LOOKS):
        for name, state in (await _states(visitor)).items():
            if told.get(name) != state:
                told[name] = state
                yield f"event: {name}\ndata: \n\n"
        await visitor.parts.clock.sleep(LOOK_EVERY_S)


async def _states(visitor: Visitor) -> dict[str, str]:
    states = {}
    for connection in await visitor.parts.connections.of_user(visitor.session.user.key):
        one = shown(connection)
        states[f"status-{one.id}"] = f"{one.status} {one.push} {one.last_synced}"
        states[f"settings-{one.id}"] = str(one.revision)
    return states
