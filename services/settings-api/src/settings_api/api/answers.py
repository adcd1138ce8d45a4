"""History, explanations, and what an admin sees of his company's connections."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from settings_api.api.caller import AdminCaller, CurrentCaller, CurrentParts
from settings_api.api.shown import PushOf, ShownPush, shown_push
from settings_api.problem import ProblemError
from tandem.contracts.connections import ConnectionStatus, Provider

router = APIRouter(prefix="/api/v1", tags=["answers"])

_TEXT: Final = r"^[^\x00]*$"
"""A database takes no NUL."""
AFTER: Final = r"\d{1,18}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""After which connection of a company a page begins: its user and its id."""


class HistoryRow(BaseModel):
    """One decision: what became of which item, why, and what to do about it."""

    row: int
    at: datetime
    side: str
    item_id: str | None
    activity_id: int | None
    event_id: str | None
    link_id: UUID | None
    title: str
    action: str
    reason: str
    sentence: str
    remedy: str
    detail: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    trace_id: str | None


class HistoryPage(BaseModel):
    """Rows, newest first; `next_cursor` null: there are no older ones."""

    items: list[HistoryRow]
    next_cursor: str | None


class Explanation(BaseModel):
    """Whether an item is synced; if not: one reason, one sentence, one thing to do."""

    synced: bool
    reason: str
    sentence: str
    remedy: str
    connection_id: UUID
    activity_id: int | None
    event_id: str | None


class CompanyConnections(BaseModel):
    """The state of a company's connections, without their users' items.

    `next_cursor` null: there are no more.
    """

    class Item(BaseModel):
        """One connection."""

        id: UUID
        user_id: int
        provider: Provider
        email: str
        status: ConnectionStatus
        reconnect: list[str]
        push: dict[PushOf, ShownPush]
        last_synced: datetime | None

    items: list[Item]
    next_cursor: str | None


@router.get("/connections/{connection_id}/history")
async def history(  # noqa: PLR0917 - query parameters
    connection_id: UUID,
    caller: CurrentCaller,
    parts: CurrentParts,
    cursor: Annotated[str | None, Query(pattern=r"^\d{1,19}$")] = None,
    reason: Annotated[str | None, Query(pattern=r"^[a-z_]{1,40}$")] = None,
    q: Annotated[str | None, Query(min_length=1, max_length=200, pattern=_TEXT)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> HistoryPage:
    """What was decided on a connection; `q` finds a title or an id."""
    await parts.connections.get(caller.user.key, connection_id)
    given = {"cursor": cursor, "reason": reason, "q": q, "limit": str(limit)}
    asked = {name: value for name, value in given.items() if value is not None}
    return HistoryPage.model_validate(await parts.neighbours.history(connection_id, asked))


@router.get("/explain")
async def explain(
    caller: CurrentCaller,
    parts: CurrentParts,
    activity_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    connection_id: UUID | None = None,
    event_id: Annotated[str | None, Query(min_length=1, max_length=1024, pattern=_TEXT)] = None,
) -> Explanation:
    """Why an activity, or an event of a connection, is or is not synced."""
    if (activity_id is None) == (event_id is None):
        raise ProblemError(422, "activity_id, event_id: give one of them")
    if event_id is not None and connection_id is None:
        raise ProblemError(422, "connection_id: is needed with event_id")
    item = {"activity_id": str(activity_id)} if activity_id else {"event_id": event_id or ""}
    own = await parts.connections.of_user(caller.user.key)
    if connection_id is not None:
        own = [await parts.connections.get(caller.user.key, connection_id)]
    best: Explanation | None = None
    for connection in own:
        told = await parts.neighbours.explain(
            {"connection_id": str(connection.connection_id), **item}
        )
        if told is not None:
            answer = Explanation(connection_id=connection.connection_id, **told)
            if best is None or (answer.synced and not best.synced):
                best = answer
    if best is None:
        raise ProblemError(
            404, "this item was never seen; it may be another user's, or be seen in a moment"
        )
    return best


@router.get("/admin/connections")
async def company_connections(
    caller: AdminCaller,
    parts: CurrentParts,
    cursor: Annotated[str | None, Query(pattern=rf"^{AFTER}$")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> CompanyConnections:
    """The state of the company's connections, for its admins."""
    if not caller.user.is_admin:
        raise ProblemError(403, "only an admin of the company in Pipedrive may see this")
    after = None
    if cursor is not None:
        user, _, connection = cursor.partition(".")
        after = int(user), UUID(connection)
    found = await parts.connections.of_company(
        caller.user.key.company_id, after=after, most=limit + 1
    )
    known = found[:limit]
    more = len(found) > limit
    last = f"{known[-1].user.user_id}.{known[-1].connection_id}" if more else None
    return CompanyConnections(
        items=[
            CompanyConnections.Item(
                id=one.connection_id,
                user_id=one.user.user_id,
                provider=one.provider,
                email=one.email,
                status=one.status,
                reconnect=one.lost_accounts,
                push=shown_push(one),
                last_synced=one.last_synced,
            )
            for one in known
        ],
        next_cursor=last,
    )
