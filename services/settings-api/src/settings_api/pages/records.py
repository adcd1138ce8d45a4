"""History, explanations and held deletions of the visitor's own connections."""

import base64
import binascii
import re
from typing import Annotated, Final
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from settings_api.api import answers, decisions
from settings_api.api import connections as calls
from settings_api.api.caller import CurrentParts
from settings_api.pages.page_route import PageRoute
from settings_api.pages.visitor import CurrentVisitor, SentForm, Visitor
from settings_api.parts import Parts
from settings_api.problem import ProblemError

ROWS: Final = 50
_ACTIVITY: Final = re.compile(r"activit(?:y|ies)(?:/|=|/list\?activity=)(\d{1,18})\b")

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/connections/{connection_id}/history")
async def history(  # noqa: PLR0917 - query parameters
    connection_id: UUID,
    visitor: CurrentVisitor,
    parts: CurrentParts,
    cursor: Annotated[str, Query(pattern=r"^\d{0,19}$")] = "",
    reason: Annotated[str, Query(pattern=r"^[a-z_]{0,40}$")] = "",
    q: Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")] = "",
) -> Response:
    """What was decided, newest first."""
    connection = await calls.connection(connection_id, Response(), visitor.caller, parts)
    page = await answers.history(
        connection_id, visitor.caller, parts, cursor or None, reason or None, q or None, ROWS
    )
    kept = {name: value for name, value in (("reason", reason), ("q", q)) if value}
    older = urlencode({**kept, "cursor": page.next_cursor}) if page.next_cursor else ""
    return visitor.shows(
        "history.html",
        connection=connection,
        rows=page.items,
        older=older,
        reason=reason,
        q=q,
        newest=not cursor,
        trace_page=parts.trace_page,
    )


@router.post("/connections/{connection_id}/history/{row}/undo")
async def undo(connection_id: UUID, row: int, sent: SentForm, parts: CurrentParts) -> Response:
    """Take one row of the history back."""
    await decisions.undo(connection_id, row, sent.visitor.caller, parts)
    return sent.visitor.goes_to(f"/connections/{connection_id}/history")


@router.get("/connections/{connection_id}/held")
async def held(connection_id: UUID, visitor: CurrentVisitor, parts: CurrentParts) -> Response:
    """Deletions that wait for the visitor's word."""
    connection = await calls.connection(connection_id, Response(), visitor.caller, parts)
    waiting = await decisions.held(connection_id, visitor.caller, parts)
    return visitor.shows("held.html", connection=connection, items=waiting.items)


@router.post("/connections/{connection_id}/held")
async def settle_held(connection_id: UUID, sent: SentForm, parts: CurrentParts) -> Response:
    """Delete, or restore."""
    confirmed = sent.text("word") == "confirm"
    settle = decisions.confirm_held if confirmed else decisions.reject_held
    await settle(connection_id, sent.visitor.caller, parts)
    return sent.visitor.goes_to(f"/connections/{connection_id}")


@router.get("/connections/{connection_id}/unticked")
async def unticked(connection_id: UUID, visitor: CurrentVisitor, parts: CurrentParts) -> Response:
    """Events of types that are not ticked any more, which can be removed."""
    connection = await calls.connection(connection_id, Response(), visitor.caller, parts)
    effect = await decisions.unticked(connection_id, visitor.caller, parts)
    return visitor.shows("unticked.html", connection=connection, effect=effect)


@router.post("/connections/{connection_id}/unticked")
async def remove_unticked(connection_id: UUID, sent: SentForm, parts: CurrentParts) -> Response:
    """Remove them."""
    await decisions.remove_unticked(connection_id, sent.visitor.caller, parts)
    return sent.visitor.goes_to(f"/connections/{connection_id}")


@router.get("/explain")
async def explain(
    visitor: CurrentVisitor,
    parts: CurrentParts,
    item: Annotated[str, Query(max_length=2048, pattern=r"^[^\x00]*$")] = "",
) -> Response:
    """Why an item is or is not synced; `item` is an id, or a link to it."""
    told, error = None, ""
    if item.strip():
        try:
            told = await _told(visitor, parts, item.strip())
        except ProblemError as problem:
            error = problem.title
    return visitor.shows("explain.html", item=item, told=told, error=error)


async def _told(visitor: Visitor, parts: Parts, item: str) -> answers.Explanation:
    activity_id = activity_of(item)
    if activity_id is not None:
        return await answers.explain(visitor.caller, parts, activity_id, None, None)
    problem = ProblemError(404, "this item was never seen; look whether the link is complete")
    for connection in await parts.connections.of_user(visitor.session.user.key):
        try:
            return await answers.explain(
                visitor.caller, parts, None, connection.connection_id, event_of(item)
            )
        except ProblemError as error:
            problem = error
    raise problem


def activity_of(item: str) -> int | None:
    """The activity of an id or of a link into Pipedrive."""
    if item.isascii() and item.isdigit():
        number = int(item)
    else:
        found = _ACTIVITY.search(item)
        number = int(found[1]) if found else 0
    return number if 0 < number < 2**63 else None


def event_of(item: str) -> str:
    """The event of an id, or of a link into Google Calendar or Outlook."""
    query = parse_qs(urlsplit(item).query)
    if "itemid" in query:
        return query["itemid"][0][:1024]
    if "eid" not in query:
        return item[:1024]
    coded = query["eid"][0]
    try:
        plain = base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode()
    except (binascii.Error, ValueError):
        return coded[:1024]
    return plain.partition(" ")[0][:1024] or coded[:1024]
