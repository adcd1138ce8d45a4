"""The way in and out: sign-in, sign-out, and the choice of a language."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from settings_api.api.caller import CurrentParts
from settings_api.api.connections import connections
from settings_api.pages.language import NAMES
from settings_api.pages.page_route import PageRoute
from settings_api.pages.rendering import LANGUAGE_COOKIE, page
from settings_api.pages.visitor import SentForm, Visitor
from settings_api.problem import ProblemError

LANGUAGE_KEPT_S = 31_536_000

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/")
async def front(request: Request, parts: CurrentParts) -> Response:
    """The calendar accounts of whoever is signed in, else the way to sign in."""
    session = await parts.cookies.session_of(request)
    if session is None:
        return page(request, "sign_in.html", None)
    visitor = Visitor(request, session, parts)
    known = await connections(visitor.caller, parts)
    return visitor.shows("sync.html", connections=known.items, offered=parts.offered)


@router.post("/sign-out")
async def sign_out(sent: SentForm, parts: CurrentParts) -> Response:
    """End this session, or all sessions of the user."""
    if sent.text("everywhere"):
        await parts.tokens.close_sessions(sent.visitor.session.user.key)
    elif (token := parts.cookies.session_token(sent.visitor.request)) is not None:
        await parts.tokens.close_session(token)
    response = RedirectResponse("/", 303)
    parts.cookies.clear(response)
    return response


@router.get("/language/{code}")
async def choose_language(code: str) -> Response:
    """Remember a language in this browser."""
    if code not in NAMES:
        raise ProblemError(404, "there is nothing at this address")
    response = RedirectResponse("/", 303)
    response.set_cookie(
        LANGUAGE_COOKIE, code, max_age=LANGUAGE_KEPT_S, httponly=True, samesite="lax"
    )
    return response
