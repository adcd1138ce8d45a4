"""API tokens, what an admin sees, and the checks that help to find what is wrong."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import ValidationError
from starlette.responses import Response

from settings_api.api import answers, people
from settings_api.api import connections as calls
from settings_api.api.caller import CurrentParts
from settings_api.pages.checks import checks_of
from settings_api.pages.page_route import PageRoute
from settings_api.pages.visitor import CurrentVisitor, Sent, SentForm
from settings_api.problem import ProblemError
from settings_api.tokens import Scope

ROWS: Final = 100

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/tokens")
async def tokens(visitor: CurrentVisitor, parts: CurrentParts) -> Response:
    """The visitor's API tokens."""
    known = await people.tokens(visitor.caller, parts)
    return visitor.shows("tokens.html", tokens=known.items, made=None, error="")


@router.post("/tokens")
async def make_token(sent: SentForm, parts: CurrentParts) -> Response:
    """Make an API token, and show it this once."""
    made, error = None, ""
    try:
        order = people.TokenOrder.model_validate(
            {"name": sent.text("name"), "scope": sent.text("scope") or Scope.WRITE}
        )
        made = await people.make_token(order, sent.visitor.caller, parts)
    except ValidationError:
        error = "name: say what the token is for"
    except ProblemError as problem:
        error = problem.title
    return await _shown(sent, made=made, error=error)


@router.post("/tokens/{token_id}/delete")
async def delete_token(token_id: UUID, sent: SentForm, parts: CurrentParts) -> Response:
    """End an API token."""
    await people.delete_token(token_id, sent.visitor.caller, parts)
    return sent.visitor.goes_to("/tokens")


@router.get("/admin")
async def admin(
    visitor: CurrentVisitor,
    parts: CurrentParts,
    cursor: Annotated[str, Query(pattern=rf"^({answers.AFTER})?$")] = "",
) -> Response:
    """The state of the company's connections, without anybody's items."""
    known = await answers.company_connections(visitor.caller, parts, cursor or None, ROWS)
    return visitor.shows(
        "admin.html", connections=known.items, more=known.next_cursor, first=not cursor
    )


@router.get("/connections/{connection_id}/troubleshooting")
async def troubleshooting(
    connection_id: UUID, visitor: CurrentVisitor, parts: CurrentParts
) -> Response:
    """Everything that a connection needs, tried now."""
    shown = await calls.connection(connection_id, Response(), visitor.caller, parts)
    checks = await checks_of(shown, visitor.caller, parts)
    return visitor.shows("troubleshooting.html", connection=shown, checks=checks)


async def _shown(sent: Sent, *, made: people.NewToken | None, error: str) -> Response:
    known = await people.tokens(sent.visitor.caller, sent.visitor.parts)
    return sent.visitor.shows(
        "tokens.html", status=422 if error else 200, tokens=known.items, made=made, error=error
    )
