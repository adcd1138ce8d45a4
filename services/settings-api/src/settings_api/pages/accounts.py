"""Adding a calendar account, and what is done to one as a whole."""

from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import Response

from settings_api.api import connections as calls
from settings_api.api.caller import CurrentParts
from settings_api.pages.page_route import PageRoute
from settings_api.pages.visitor import CurrentVisitor, Sent, SentForm
from settings_api.problem import ProblemError

router = APIRouter(include_in_schema=False, route_class=PageRoute)
ACTIONS = {"pause": calls.pause, "resume": calls.resume, "resync": calls.resync}
_GIVEN = ("email", "provider", "password", "server")


@router.post("/connections")
async def add(sent: SentForm, parts: CurrentParts) -> Response:
    """Find the provider of an address: on to its consent page, or ask for the password."""
    given = {name: sent.text(name) for name in _GIVEN if sent.text(name)}
    response = Response()
    try:
        order = calls.ConnectOrder.model_validate(given)
        answer: Any = await calls.connect(
            order, sent.visitor.request, response, sent.visitor.caller, parts
        )
    except ValidationError:
        return await _again(sent, "email: write a whole address, such as you@example.com")
    except ProblemError as problem:
        if any(one["field"] == "password" for one in problem.errors):
            error = problem.title if "password" in given else ""
            status = 422 if error else 200
            return sent.visitor.shows("password.html", status=status, given=given, error=error)
        return await _again(sent, problem.title)
    address = getattr(answer, "authorize_url", None)
    if address is None:
        return sent.visitor.goes_to(f"/connections/{answer.id}")
    page = sent.visitor.shows("departure.html", address=address, email=order.email)
    page.raw_headers.extend(one for one in response.raw_headers if one[0] == b"set-cookie")
    return page


@router.post("/connections/{connection_id}/start")
async def start(connection_id: UUID, sent: SentForm, parts: CurrentParts) -> Response:
    """Start to sync."""
    await calls.start(connection_id, Response(), sent.visitor.caller, parts)
    return sent.visitor.goes_to(f"/connections/{connection_id}")


@router.post("/connections/{connection_id}/do")
async def act(connection_id: UUID, sent: SentForm, parts: CurrentParts) -> Response:
    """Pause, resume, or read both sides again."""
    action = ACTIONS.get(sent.text("action"))
    if action is None:
        raise ProblemError(422, "action: pause, resume or resync")
    await action(connection_id, Response(), sent.visitor.caller, parts)
    return sent.visitor.goes_to(f"/connections/{connection_id}")


@router.get("/connections/{connection_id}/disconnect")
async def ask_to_disconnect(
    connection_id: UUID, visitor: CurrentVisitor, parts: CurrentParts
) -> Response:
    """Ask what is to become of the events that we made."""
    connection = await calls.connection(connection_id, Response(), visitor.caller, parts)
    return visitor.shows("disconnect.html", connection=connection)


@router.post("/connections/{connection_id}/disconnect")
async def disconnect(connection_id: UUID, sent: SentForm, parts: CurrentParts) -> Response:
    """End a connection."""
    events: Literal["keep", "remove"] = "remove" if sent.text("events") == "remove" else "keep"
    await calls.disconnect(connection_id, sent.visitor.caller, parts, events)
    return sent.visitor.goes_to("/")


async def _again(sent: Sent, error: str) -> Response:
    known = await calls.connections(sent.visitor.caller, sent.visitor.parts)
    return sent.visitor.shows(
        "sync.html",
        status=422,
        connections=known.items,
        offered=sent.visitor.parts.offered,
        error=error,
        **{name: sent.text(name) for name in ("email", "provider")},
    )
