"""Internal HTTP: a connection's history, and why an item is or is not synced."""

import json
import re
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.core.reasons import EXPLANATIONS, Reason
from reconciler.explain import explain_activity, explain_event
from reconciler.repository import QUERIES
from tandem.contracts.meetings import Side
from tandem.runtime.app import Runtime
from tandem.runtime.internal import internal, problem

ROW_LAST: Final = 2**63 - 1
"""The greatest id that the database can hold."""
_METACHARACTERS: Final = re.compile(r"[\\.^$*+?()\[\]{}|]")


class _HistoryAsked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cursor: int = Field(default=ROW_LAST, ge=0, le=ROW_LAST)
    reason: Reason | None = None
    q: str | None = Field(default=None, max_length=200)
    limit: int = Field(default=50, ge=1, le=200)


class _ExplainAsked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    connection_id: UUID
    activity_id: int | None = Field(default=None, ge=1, le=2**63 - 1)
    event_id: str | None = Field(default=None, min_length=1, max_length=1024)


def internal_routes(runtime: Runtime) -> list[Route]:
    """The endpoints, open to our own services only."""
    guard = internal(runtime.settings.internal_token)

    @guard
    async def history(request: Request) -> Response:
        try:
            asked = _HistoryAsked.model_validate(dict(request.query_params))
        except ValidationError as error:
            return wrong(error)
        rows = await _history(runtime, request.path_params["connection_id"], asked)
        more = len(rows) > asked.limit
        rows = rows[: asked.limit]
        return JSONResponse({"items": rows, "next_cursor": str(rows[-1]["row"]) if more else None})

    @guard
    async def explained(request: Request) -> Response:
        try:
            asked = _ExplainAsked.model_validate(dict(request.query_params))
        except ValidationError as error:
            return wrong(error)
        if (asked.activity_id is None) == (asked.event_id is None):
            return problem(422, "activity_id, event_id: give one of them")
        async with runtime.pool.acquire() as database:
            now = runtime.clock.now()
            answer = (
                await explain_activity(database, asked.connection_id, asked.activity_id, now=now)
                if asked.activity_id is not None
                else await explain_event(
                    database, asked.connection_id, asked.event_id or "", now=now
                )
            )
        if answer is None:
            return problem(404, "not known: the connection, or the item in it")
        return JSONResponse(
            {
                "synced": answer.synced,
                "reason": answer.reason,
                "sentence": answer.sentence,
                "remedy": answer.remedy,
                "activity_id": answer.activity_id,
                "event_id": answer.event_id,
            }
        )

    return [
        Route("/internal/connections/{connection_id:uuid}/history", history),
        Route("/internal/explain", explained),
    ]


async def _history(
    runtime: Runtime, connection_id: UUID, asked: _HistoryAsked
) -> list[dict[str, Any]]:
    """Up to one row more than asked for, newest first."""
    page = {"connection_id": connection_id, "before": asked.cursor, "limit": asked.limit + 1}
    if asked.q:
        rows = QUERIES.history_found(
            runtime.pool,
            reason=asked.reason,
            pattern=_in_any_case(asked.q),
            q=asked.q,
            activity_id=_activity_id(asked.q),
            **page,
        )
    elif asked.reason:
        rows = QUERIES.history_page_of_reason(runtime.pool, reason=asked.reason, **page)
    else:
        rows = QUERIES.history_page(runtime.pool, **page)
    return [_shown(row) async for row in rows]


def _activity_id(text: str) -> int | None:
    """The activity that a text may be the id of."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    return number if 0 < number <= ROW_LAST else None


def _shown(row: Any) -> dict[str, Any]:
    explanation = EXPLANATIONS[Reason(row["reason"])]
    is_crm = row["side"] == Side.CRM
    return {
        "row": row["row"],
        "at": row["at"].isoformat(),
        "side": row["side"],
        "item_id": str(row["activity_id"]) if is_crm else row["event_id"],
        "activity_id": row["activity_id"],
        "event_id": row["event_id"],
        "link_id": str(row["link_id"]) if row["link_id"] else None,
        "title": row["title"],
        "action": row["action"],
        "reason": row["reason"],
        "sentence": explanation.sentence,
        "remedy": explanation.remedy,
        "detail": row["detail"],
        "before": _loaded(row["before"]),
        "after": _loaded(row["after"]),
        "trace_id": row["trace_id"],
    }


def _loaded(value: str | None) -> Any:
    return None if value is None else json.loads(value)


def _in_any_case(text: str) -> str:
    """A regular expression that finds a text in any case.

    PostgreSQL knows the other case of a letter such as ö in some locales of a database only.
    """
    return "".join(_in_each_case(letter) for letter in text)


def _in_each_case(letter: str) -> str:
    cases = sorted({letter, letter.lower(), letter.upper()})
    if len(cases) == 1:
        return _METACHARACTERS.sub(r"\\\g<0>", letter)
    return f"(?:{'|'.join(cases)})"


def wrong(error: ValidationError) -> Response:
    """The answer to a request whose shape is wrong."""
    first = error.errors(include_input=False, include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    return problem(422, f"{field}: {first['msg']}")
