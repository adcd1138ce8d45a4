"""Where browsers leave for a provider's consent page, and where they come back."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from settings_api.api.caller import CurrentParts
from settings_api.oauth.pipedrive import PROVIDER as PIPEDRIVE
from settings_api.oauth.states import RoundTrip
from settings_api.pages.page_route import PageRoute
from settings_api.parts import Parts
from settings_api.problem import ProblemError
from settings_api.rates import Rate
from tandem.contracts.connections import Provider
from tandem.contracts.message import SyncUser

VALUE_LENGTH_MAX: Final = 4096

Sender = Annotated[HTTPBasicCredentials | None, Depends(HTTPBasic(auto_error=False))]


class Removal(BaseModel):
    """Who has removed the app."""

    company_id: int = Field(gt=0, lt=2**63)
    user_id: int = Field(gt=0, lt=2**63)


router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/oauth/pipedrive/start")
async def start_sign_in(request: Request, parts: CurrentParts) -> Response:
    """Send a browser to Pipedrive's consent page."""
    await parts.rates.take_of_address(Rate.SIGN_INS, request)
    browser = parts.cookies.browser_of(request)
    response = RedirectResponse(await parts.pipedrive.authorize_url(browser=browser), 302)
    parts.cookies.set_browser(response, browser)
    return response


@router.get("/oauth/pipedrive/callback")
async def finish_sign_in(request: Request, parts: CurrentParts) -> Response:
    """Sign the browser in, in place of whoever was signed in there."""
    await parts.rates.take_of_address(Rate.SIGN_INS, request)
    _, code = await _returned(request, parts, PIPEDRIVE)
    user = await parts.pipedrive.sign_in(code)
    earlier = parts.cookies.session_token(request)
    if earlier is not None:
        await parts.tokens.close_session(earlier)
    response = RedirectResponse("/", 303)
    parts.cookies.set_session(response, await parts.tokens.open_session(user))
    return response


@router.delete("/oauth/pipedrive/callback")
async def app_removed(removal: Removal, parts: CurrentParts, sender: Sender) -> Response:
    """Pipedrive tells that a user has removed the app; it calls with the app's own credentials."""
    if sender is None or not parts.pipedrive.is_app(sender.username, sender.password):
        raise ProblemError(
            401,
            "authorization: send the app's client id and secret",
            headers={"www-authenticate": "Basic"},
        )
    await parts.pipedrive.let_go(SyncUser(company_id=removal.company_id, user_id=removal.user_id))
    return Response(status_code=200)


@router.get("/oauth/google/callback")
async def finish_google(request: Request, parts: CurrentParts) -> Response:
    """Connect a Google account."""
    return await _connected(request, parts, Provider.GOOGLE)


@router.get("/oauth/microsoft/callback")
async def finish_microsoft(request: Request, parts: CurrentParts) -> Response:
    """Connect an account of Outlook.com or Microsoft 365."""
    return await _connected(request, parts, Provider.MICROSOFT)


async def _connected(request: Request, parts: Parts, provider: Provider) -> Response:
    """Take over the account that the browser comes back with."""
    trip, code = await _returned(request, parts, provider)
    session = await parts.cookies.session_of(request)
    if session is not None and session.user.key != trip.user:
        raise ProblemError(400, "state: somebody else is signed in here; start again")
    await parts.oauth[provider].connect(trip, code)
    return RedirectResponse("/", 303)


async def _returned(request: Request, parts: Parts, provider: str) -> tuple[RoundTrip, str]:
    """The round trip that a browser has ended, and its code; the state is used up in any case."""
    query = request.query_params
    state, code = query.get("state", ""), query.get("code", "")
    if not state or max(len(state), len(code)) > VALUE_LENGTH_MAX:
        raise ProblemError(400, "state: it is missing or too long; start again")
    trip = await parts.oauth_states.arrive(
        provider, state, browser=parts.cookies.browser_cookie(request)
    )
    if "error" in query:
        raise ProblemError(400, "the permission was not given; nothing was changed")
    if not code:
        raise ProblemError(400, "code: it is missing; start again")
    return trip, code
