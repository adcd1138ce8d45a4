"""Internal HTTP: previews, held deletions, and what a user orders by hand."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.core.reasons import EXPLANATIONS
from reconciler.endpoints import wrong
from reconciler.executor import AtRestError, Executor, UnknownConnectionError
from reconciler.held import held_deletions
from reconciler.preview import Preview
from tandem.contracts.connections import ConnectionSettings
from tandem.runtime.app import Runtime
from tandem.runtime.internal import internal, problem
from tandem.runtime.telemetry import traceparent

_UNKNOWN: Final = "not known: the connection"
Answer = Callable[[Request], Awaitable[Response]]


class _PreviewAsked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    settings: ConnectionSettings | None = None
    remove_events: bool = False


def order_routes(runtime: Runtime, executor: Executor) -> list[Route]:
    """The endpoints, open to our own services only."""
    guard = internal(runtime.settings.internal_token)
    counter = _Orders(runtime, executor)
    of_connection = "/internal/connections/{connection_id:uuid}"
    posted = {
        "history/{row:int}/undo": counter.undo,
        "held/confirm": _by_order(executor.confirm_held),
        "held/reject": _by_order(executor.reject_held),
        "wake": _by_order(executor.wake_looping),
        "unticked/remove": _by_order(executor.remove_unticked),
        "preview": counter.preview,
    }
    return [
        Route(f"{of_connection}/held", guard(counter.held)),
        Route(f"{of_connection}/unticked", guard(counter.unticked)),
        *(
            Route(f"{of_connection}/{path}", guard(answer), methods=["POST"])
            for path, answer in posted.items()
        ),
    ]


class _Orders:
    def __init__(self, runtime: Runtime, executor: Executor) -> None:
        self._runtime = runtime
        self._executor = executor

    async def held(self, request: Request) -> Response:
        connection_id = request.path_params["connection_id"]
        async with self._runtime.pool.acquire() as database:
            return JSONResponse({"items": await held_deletions(database, connection_id)})

    async def undo(self, request: Request) -> Response:
        asked = request.path_params
        try:
            decided = await self._executor.undo(asked["connection_id"], asked["row"], traceparent())
        except UnknownConnectionError:
            return problem(404, _UNKNOWN)
        if decided is None:
            return problem(404, "not known: the history row")
        if not decided.writes:
            sentence = EXPLANATIONS[decided.reason].sentence
            return problem(409, f"it can not be undone: {sentence}")
        return JSONResponse({"reason": decided.reason}, status_code=202)

    async def preview(self, request: Request) -> Response:
        try:
            asked = _PreviewAsked.model_validate_json(await request.body() or b"{}")
        except ValidationError as error:
            return wrong(error)
        try:
            preview = await self._executor.preview(
                request.path_params["connection_id"],
                asked.settings,
                remove_events=asked.remove_events,
            )
        except UnknownConnectionError:
            return problem(404, _UNKNOWN)
        if preview is None:
            return problem(409, "both sides have yet to be read; try again in a moment")
        return _foreseen(preview)

    async def unticked(self, request: Request) -> Response:
        try:
            preview = await self._executor.preview_unticked(request.path_params["connection_id"])
        except UnknownConnectionError:
            return problem(404, _UNKNOWN)
        return _foreseen(preview)


def _foreseen(preview: Preview) -> Response:
    return JSONResponse(
        {
            "counts": dict(preview.counts),
            "items": [asdict(one) for one in preview.items],
            "truncated": preview.truncated,
        }
    )


def _by_order(order: Callable[[UUID, str | None], Awaitable[int]]) -> Answer:
    async def ordered(request: Request) -> Response:
        try:
            count = await order(request.path_params["connection_id"], traceparent())
        except UnknownConnectionError:
            return problem(404, _UNKNOWN)
        except AtRestError:
            return problem(409, "nothing is written for the connection now")
        return JSONResponse({"count": count}, status_code=202)

    return ordered
