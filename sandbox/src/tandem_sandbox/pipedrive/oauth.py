"""Pipedrive's OAuth server: consent page, token endpoint, revocation."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from html import escape
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tandem_sandbox.faults import REQUEST_KINDS, FaultKind, LostAnswer
from tandem_sandbox.pipedrive.grants import EXPIRES_IN_SECONDS, GrantRefusedError
from tandem_sandbox.pipedrive.rendering import met
from tandem_sandbox.world import World

SCOPE = "base,activities:full,contacts:read,deals:read,leads:read,users:read,search:read,admin"
PAGE = """<!doctype html><title>Allow access</title>
<h1>Allow this app to use your Pipedrive account?</h1>
<form method="post"><select name="account">{options}</select>
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button></form>"""

Form = dict[str, str]
Step = Callable[[Request, Form], Response]
KINDS = REQUEST_KINDS - {FaultKind.GONE}


class OAuth:
    """Grants of users to the one app that the sandbox knows."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """The three endpoints."""
        return [
            Route(
                "/oauth/authorize",
                self._endpoint("oauth.authorize", self.authorize),
                methods=["GET", "POST"],
            ),
            Route("/oauth/token", self._endpoint("oauth.token", self.token), methods=["POST"]),
            Route("/oauth/revoke", self._endpoint("oauth.revoke", self.revoke), methods=["POST"]),
        ]

    def authorize(self, request: Request, form: Form) -> Response:
        """Show the consent page, or send the user back with a code or a refusal."""
        query = request.query_params
        redirect_uri = query.get("redirect_uri", "")
        if query.get("client_id") != self._world.settings.client_id or not redirect_uri:
            return HTMLResponse("<h1>Unknown app or no redirect_uri</h1>", 400)
        if request.method == "GET":
            return HTMLResponse(PAGE.format(options=self._options()))
        state = {"state": query["state"]} if "state" in query else {}
        if form.get("decision") != "allow":
            return _back(redirect_uri, {"error": "user_denied"} | state)
        found = self._world.pipedrive.user_of(form.get("account", ""))
        if found is None:
            return HTMLResponse("<h1>There is no such user</h1>", 400)
        company, user = found
        code = self._world.pipedrive.grants.authorize(
            company_id=company.id,
            user_id=user.id,
            redirect_uri=redirect_uri,
            now=self._world.clock.now(),
        )
        return _back(redirect_uri, {"code": code} | state)

    def token(self, request: Request, form: Form) -> Response:
        """Exchange a code, or refresh."""
        if not self._is_client(request, form):
            return _refused("invalid_client", 401)
        grants, now = self._world.pipedrive.grants, self._world.clock.now()
        try:
            match form.get("grant_type"):
                case "authorization_code":
                    access, refresh = grants.exchange(
                        form.get("code", ""), redirect_uri=form.get("redirect_uri", ""), now=now
                    )
                case "refresh_token":
                    access, refresh = grants.refresh(form.get("refresh_token", ""), now=now)
                case _:
                    return _refused("unsupported_grant_type", 400)
        except GrantRefusedError as error:
            return _refused("invalid_grant", 400, error.verdict.value)
        return JSONResponse(
            {
                "access_token": access,
                "token_type": "Bearer",
                "refresh_token": refresh,
                "scope": SCOPE,
                "expires_in": EXPIRES_IN_SECONDS,
                "api_domain": self._world.public_url + "/pipedrive",
            }
        )

    def revoke(self, request: Request, form: Form) -> Response:
        """End a grant, or one access token."""
        if not self._is_client(request, form):
            return _refused("invalid_client", 401)
        self._world.pipedrive.grants.revoke(form.get("token", ""))
        return Response(status_code=200)

    def _endpoint(self, name: str, step: Step) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            form = dict(parse_qsl((await request.body()).decode(errors="replace")))
            account = self._account(form)
            fault = self._world.faults.take("pipedrive", name, account, kinds=KINDS)
            response = await met(fault) or step(request, form)
            self._world.calls.record(
                "pipedrive",
                name,
                request.method,
                request.url.path,
                account,
                response.status_code,
                self._world.clock.now(),
            )
            if fault is not None and fault.kind is FaultKind.TIMEOUT_AFTER_WRITE:
                return LostAnswer(fault)
            return response

        return endpoint

    def _account(self, form: Form) -> str | None:
        """The e-mail of the user whom a request is about, as far as it tells."""
        if "account" in form:
            return form["account"]
        state = self._world.pipedrive
        token = form.get("refresh_token") or form.get("token") or ""
        kept = state.grants.codes.get(form.get("code", "")) or state.grants.grant_of(token)
        if kept is None:
            return None
        return state.companies[kept.company_id].users[kept.user_id].email

    def _options(self) -> str:
        return "".join(
            f"<option>{escape(user.email)}</option>" for _, user in self._world.pipedrive.users()
        )

    def _is_client(self, request: Request, form: Form) -> bool:
        given = (form.get("client_id", ""), form.get("client_secret", ""))
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                name, _, secret = base64.b64decode(encoded).decode().partition(":")
            except (ValueError, binascii.Error):
                return False
            given = (name, secret)
        settings = self._world.settings
        return given == (settings.client_id, settings.client_secret.get_secret_value())


def _refused(error: str, status: int, description: str = "") -> Response:
    return JSONResponse(
        {"success": False, "error": error, "error_description": description}, status
    )


def _back(redirect_uri: str, query: dict[str, str]) -> Response:
    mark = "&" if "?" in redirect_uri else "?"
    return RedirectResponse(redirect_uri + mark + urlencode(query), 302)
