"""Where browsers leave for a provider's consent page, and where they come back."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from settings_api.api.caller import CurrentParts
from settings_api.api.problems import ProblemError
from settings_api.oauth.exchange import exchange_code
from settings_api.parts import Parts
from settings_api.tokens import new_secret
from tandem.contracts.message import SyncUser

GOOGLE_SCOPES = "openid email https://www.googleapis.com/auth/calendar"
VALUE_LENGTH_MAX = 4096

router = APIRouter(prefix="/oauth", include_in_schema=False)


@router.get("/pipedrive/start")
async def start_sign_in(parts: CurrentParts) -> Response:
    """Send a browser to Pipedrive's consent page."""
    browser = new_secret()
    departure = await parts.oauth_states.depart("pipedrive", browser=browser)
    query = {
        "client_id": parts.settings.pipedrive_client_id,
        "redirect_uri": _callback(parts, "pipedrive"),
        "state": departure.state,
    }
    url = f"{parts.settings.pipedrive_authorize_url}?{urlencode(query)}"
    response = RedirectResponse(url, 302)
    parts.cookies.set_oauth(response, browser)
    return response


@router.get("/pipedrive/callback")
async def finish_sign_in(request: Request, parts: CurrentParts) -> Response:
    """Sign the browser in."""
    state, code = _returned(request)
    await parts.oauth_states.arrive("pipedrive", state, browser=parts.cookies.oauth_of(request))
    grant = await exchange_code(
        parts.http,
        parts.settings.pipedrive_token_url,
        code=code,
        redirect_uri=_callback(parts, "pipedrive"),
        client=(parts.settings.pipedrive_client_id, parts.settings.pipedrive_client_secret),
    )
    user = await parts.accounts.sign_in(grant)
    response = RedirectResponse("/", 303)
    parts.cookies.set_session(response, await parts.tokens.open_session(user))
    return response


@router.get("/google/callback")
async def finish_google(request: Request, parts: CurrentParts) -> Response:
    """Connect a Google account."""
    state, code = _returned(request)
    browser = parts.cookies.session_token(request)
    trip = await parts.oauth_states.arrive("google", state, browser=browser)
    session = await parts.cookies.session_of(request)
    if trip.user is None or (session is not None and session.user.key != trip.user):
        raise ProblemError(400, "state: somebody else is signed in here; start again")
    grant = await exchange_code(
        parts.http,
        parts.settings.google_token_url,
        code=code,
        redirect_uri=_callback(parts, "google"),
        client=(parts.settings.google_client_id, parts.settings.google_client_secret),
        verifier=trip.verifier,
    )
    await parts.accounts.connect_google(trip.user, asked=trip.email, grant=grant)
    return RedirectResponse("/", 303)


async def google_authorize_url(
    parts: Parts, user: SyncUser, email: str, *, browser: str | None
) -> str:
    """Where the user allows us to use his Google calendar."""
    departure = await parts.oauth_states.depart("google", browser=browser, user=user, email=email)
    query = {
        "client_id": parts.settings.google_client_id,
        "redirect_uri": _callback(parts, "google"),
        "response_type": "code",
        "scope": GOOGLE_SCOPES,
        "access_type": "offline",
        "prompt": "consent",
        "include_granted_scopes": "true",
        "login_hint": email,
        "state": departure.state,
        "code_challenge": departure.challenge,
        "code_challenge_method": "S256",
    }
    return f"{parts.settings.google_authorize_url}?{urlencode(query)}"


home = APIRouter(include_in_schema=False)


@home.get("/")
async def where_to_go(request: Request, parts: CurrentParts) -> Response:
    """What a browser sees after a round trip."""
    session = await parts.cookies.session_of(request)
    if session is None:
        return PlainTextResponse("Tandem. Sign in at /oauth/pipedrive/start\n")
    return PlainTextResponse("Tandem. You are signed in; the REST API is at /api/openapi.json\n")


@home.post("/logout")
async def sign_out(request: Request, parts: CurrentParts) -> Response:
    """End the browser's session."""
    token = parts.cookies.session_token(request)
    if token is not None:
        await parts.tokens.close_session(token)
    response = RedirectResponse("/", 303)
    parts.cookies.clear(response)
    return response


def _callback(parts: Parts, provider: str) -> str:
    return f"{parts.settings.public_url.rstrip('/')}/oauth/{provider}/callback"


def _returned(request: Request) -> tuple[str, str]:
    """State and code of a callback; ProblemError 400 where the user or the provider refused."""
    query = request.query_params
    if "error" in query:
        raise ProblemError(400, "the permission was not given; nothing was changed")
    state, code = query.get("state", ""), query.get("code", "")
    if not state or not code or max(len(state), len(code)) > VALUE_LENGTH_MAX:
        raise ProblemError(400, "state, code: they are missing; start again")
    return state, code
