"""Google's OAuth 2: consent, codes, tokens, revocation, and who the account is."""

import json
import secrets
from base64 import b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import APIRouter
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from tandem_sandbox.faults import REQUEST_KINDS, Fault, FaultKind, LostAnswer
from tandem_sandbox.google import errors
from tandem_sandbox.google.consent import consent_page, refusal_page
from tandem_sandbox.google.gate import rendered_error
from tandem_sandbox.google.grants import EXPIRES_IN_SECONDS, Consent, GrantRefusedError, Issued
from tandem_sandbox.google.model import Mailbox
from tandem_sandbox.world import World

ISSUER = "https://accounts.google.com"
HOUR_SECONDS = 3600


class OAuthRefusedError(Exception):
    """A token request is refused."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


class OAuth:
    """The addresses of OAuth."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._state = world.google

    def mount(self, router: APIRouter) -> None:
        """Add the addresses to ``router``."""
        router.add_route("/o/oauth2/v2/auth", self.consent, ["GET"])
        router.add_route("/o/oauth2/v2/auth", self.decide, ["POST"])
        router.add_route("/token", self.token, ["POST"])
        router.add_route("/revoke", self.revoke, ["POST"])
        for path in ("/oauth2/v3/userinfo", "/v1/userinfo", "/openidconnect/v1/userinfo"):
            router.add_route(path, self.userinfo, ["GET", "POST"])

    async def consent(self, request: Request) -> Response:
        """Show the consent page."""
        query = request.query_params
        wrong = self._wrong(query)
        self._record("oauth.consent", request, None, 400 if wrong else 200)
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
        query, form = request.query_params, dict(parse_qsl((await request.body()).decode()))
        wrong = self._wrong(query)
        mailbox = self._state.mailbox(form.get("account", ""))
        if not wrong and form.get("decision") == "allow" and mailbox is None:
            wrong = "There is no such account."
        self._record("oauth.decide", request, mailbox, 400 if wrong else 302)
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

    async def token(self, request: Request) -> Response:
        """Exchange a code or a refresh token."""
        form = dict(parse_qsl((await request.body()).decode()))
        account = self._account_of(form)
        fault = self._world.faults.take(
            "google", "oauth.token", account, kinds=REQUEST_KINDS - {FaultKind.GONE}
        )
        response = await _stopped(fault)
        if response is None:
            try:
                self._check_client(request, form)
                issued = self._issue(form)
                account = issued.email
                response = JSONResponse(
                    self._tokens(issued, form), headers={"Cache-Control": "no-store"}
                )
            except OAuthRefusedError as error:
                response = JSONResponse(
                    {"error": error.error, "error_description": error.description}, error.status
                )
        self._record(
            "oauth.token", request, self._state.mailbox(account or ""), response.status_code
        )
        if fault is not None and fault.kind is FaultKind.TIMEOUT_AFTER_WRITE:
            return LostAnswer(fault)
        return response

    async def revoke(self, request: Request) -> Response:
        """End a grant."""
        form = dict(parse_qsl((await request.body()).decode()))
        token = form.get("token") or request.query_params.get("token", "")
        email = self._state.grants.revoke(token)
        self._record(
            "oauth.revoke", request, self._state.mailbox(email or ""), 200 if email else 400
        )
        if email is None:
            return JSONResponse(
                {"error": "invalid_token", "error_description": "Token expired or revoked"}, 400
            )
        return JSONResponse({})

    async def userinfo(self, request: Request) -> Response:
        """Tell whose token it is."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        now = self._world.clock.now()
        mailbox = self._state.by_token(token, now) if scheme.lower() == "bearer" else None
        self._record("oauth.userinfo", request, mailbox, 200 if mailbox else 401)
        if mailbox is None:
            return rendered_error(errors.invalid_credentials())
        return JSONResponse(_claims(mailbox))

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

    def _check_client(self, request: Request, form: dict[str, str]) -> None:
        client_id, client_secret = form.get("client_id"), form.get("client_secret")
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                client_id, _, client_secret = b64decode(encoded).decode().partition(":")
            except ValueError as error:
                raise OAuthRefusedError("invalid_client", "Unauthorized", 401) from error
        settings = self._world.settings
        secret = settings.client_secret.get_secret_value()
        if client_id != settings.client_id:
            raise OAuthRefusedError("invalid_client", "The OAuth client was not found.", 401)
        if not secrets.compare_digest((client_secret or "").encode(), secret.encode()):
            raise OAuthRefusedError("invalid_client", "Unauthorized", 401)

    def _issue(self, form: dict[str, str]) -> Issued:
        grants, now = self._state.grants, self._world.clock.now()
        try:
            match form.get("grant_type"):
                case "authorization_code":
                    return grants.exchange(
                        form.get("code", ""),
                        redirect_uri=form.get("redirect_uri", ""),
                        verifier=form.get("code_verifier"),
                        now=now,
                    )
                case "refresh_token":
                    return grants.refresh(form.get("refresh_token", ""), now)
                case other:
                    raise OAuthRefusedError(
                        "unsupported_grant_type", f"Invalid grant_type: {other}"
                    )
        except GrantRefusedError as error:
            raise OAuthRefusedError("invalid_grant", str(error)) from error

    def _tokens(self, issued: Issued, form: dict[str, str]) -> dict[str, Any]:
        result: dict[str, Any] = {
            "access_token": issued.access_token,
            "expires_in": EXPIRES_IN_SECONDS,
            "scope": issued.scope,
            "token_type": "Bearer",
        }
        first = form.get("grant_type") == "authorization_code"
        if first and issued.refresh_token is not None:
            result["refresh_token"] = issued.refresh_token
        if "openid" in issued.scope.split():
            result["id_token"] = _id_token(
                self._state.mailboxes[issued.email],
                self._world.settings.client_id,
                self._world.clock.now(),
            )
        return result

    def _account_of(self, form: dict[str, str]) -> str | None:
        grants = self._state.grants
        refresh = grants.refreshes.get(form.get("refresh_token", ""))
        code = grants.codes.get(form.get("code", ""))
        return refresh.email if refresh else code.consent.email if code else None

    def _record(
        self, operation: str, request: Request, mailbox: Mailbox | None, status: int
    ) -> None:
        self._world.calls.record(
            "google",
            operation,
            request.method,
            request.url.path,
            mailbox.email if mailbox else None,
            status,
            self._world.clock.now(),
        )


async def _stopped(fault: Fault | None) -> Response | None:
    match fault.kind if fault else None:
        case FaultKind.LATENCY if fault:
            await fault.hold()
        case FaultKind.STATUS if fault:
            error = fault.reason or "internal_failure"
            return JSONResponse({"error": error, "error_description": error}, fault.status)
        case FaultKind.HTML_403:
            return HTMLResponse(refusal_page("Forbidden"), 403)
        case _:
            pass
    return None


def _back(query: QueryParams, values: dict[str, str]) -> Response:
    if "state" in query:
        values = {"state": query["state"], **values}
    uri = query["redirect_uri"]
    return RedirectResponse(f"{uri}{'&' if '?' in uri else '?'}{urlencode(values)}", 302)


def _claims(mailbox: Mailbox) -> dict[str, Any]:
    return {
        "sub": mailbox.sub,
        "email": mailbox.email,
        "email_verified": True,
        "name": mailbox.name,
        "locale": mailbox.locale.partition("_")[0],
    }


def _id_token(mailbox: Mailbox, client_id: str, now: datetime) -> str:
    issued_at = int(now.timestamp())
    claims = {
        "iss": ISSUER,
        "aud": client_id,
        "azp": client_id,
        "iat": issued_at,
        "exp": issued_at + HOUR_SECONDS,
        **_claims(mailbox),
    }
    parts = [{"alg": "none", "typ": "JWT"}, claims]
    encoded = [urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in parts]
    return f"{encoded[0]}.{encoded[1]}."
