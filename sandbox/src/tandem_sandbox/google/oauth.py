"""The front door of Google's OAuth 2: asking a person for consent, and coming back with a code."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import APIRouter
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tandem_sandbox.google.consent import consent_page, refusal_page
from tandem_sandbox.grants import Consent
from tandem_sandbox.world import World


class Authorization:
    """The consent page and what becomes of the choice made on it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._state = world.google

    def mount(self, router: APIRouter) -> None:
        """Add the addresses to ``router``."""
        router.add_route("/o/oauth2/v2/auth", self.consent, ["GET"])
        router.add_route("/o/oauth2/v2/auth", self.decide, ["POST"])

    async def consent(self, request: Request) -> Response:
        """Show the consent page."""
        query = request.query_params
        wrong = self._wrong(query)
        record(self._world, "oauth.consent", request, None, 400 if wrong else 200)
        if wrong:
            return HTMLResponse(refusal_page(wrong), 400)
        page = consent_page(
            self._state.mailboxes.values(),
            client_id=query["client_id"],
            scope=query["scope"],
            login_hint=query.get("login_hint"),
        )
        return HTMLResponse(page)

    async def decide(self, request: Request) -> Response:
        """Go back to the application with a code, or with the news that there is none."""
        query, form = request.query_params, await form_of(request)
        wrong = self._wrong(query)
        mailbox = self._state.mailbox(form.get("account", ""))
        if not wrong and form.get("decision") == "allow" and mailbox is None:
            wrong = "There is no such account."
        email = mailbox.email if mailbox else None
        record(self._world, "oauth.decide", request, email, 400 if wrong else 302)
        if wrong:
            return HTMLResponse(refusal_page(wrong), 400)
        if form.get("decision") != "allow" or mailbox is None:
            return _back(query, {"error": "access_denied"})
        code = self._state.grants.authorize(
            Consent(
                email=mailbox.email,
                scope=query["scope"],
                redirect_uri=query["redirect_uri"],
                offline=query.get("access_type") == "offline",
                prompted="consent" in query.get("prompt", "").split(),
                challenge=query.get("code_challenge"),
            ),
            self._world.clock.now(),
        )
        return _back(
            query, {"code": code, "scope": query["scope"], "authuser": "0", "prompt": "consent"}
        )

    def _wrong(self, query: QueryParams) -> str | None:
        """What is wrong with a request for consent."""
        for name in ("client_id", "redirect_uri", "response_type", "scope"):
            if not query.get(name):
                return f"Missing required parameter: {name}"
        if query["client_id"] != self._world.settings.client_id:
            return "The OAuth client was not found."
        if query["response_type"] != "code":
            return "Invalid response_type."
        if urlsplit(query["redirect_uri"]).scheme not in ("http", "https"):
            return "Invalid redirect_uri."
        if "code_challenge" in query and query.get("code_challenge_method") != "S256":
            return "Only the code challenge method S256 is supported."
        return None


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a posted form."""
    return dict(parse_qsl((await request.body()).decode(errors="replace")))


def record(world: World, operation: str, request: Request, email: str | None, status: int) -> None:
    """Note an answered request in the call log."""
    world.calls.record(
        "google", operation, request.method, request.url.path, email, status, world.clock.now()
    )


def _back(query: QueryParams, values: dict[str, str]) -> Response:
    if "state" in query:
        values = {"state": query["state"], **values}
    uri = query["redirect_uri"]
    return RedirectResponse(f"{uri}{'&' if '?' in uri else '?'}{urlencode(values)}", 302)
