"""Microsoft's OAuth 2: asking a person for consent, and the tokens for it."""

import secrets
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from tandem_sandbox.faults import REQUEST_KINDS, FaultKind, LostAnswer
from tandem_sandbox.google.consent import consent_page, refusal_page
from tandem_sandbox.google.oauth import form_of
from tandem_sandbox.grants import EXPIRES_IN_SECONDS, Consent, GrantRefusedError
from tandem_sandbox.world import World


class OAuth:
    """The consent page and the token address, below any tenant."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._state = world.microsoft

    def mount(self, router: APIRouter) -> None:
        """Add the addresses to `router`."""
        router.add_route("/{tenant}/oauth2/v2.0/authorize", self.consent, ["GET"])
        router.add_route("/{tenant}/oauth2/v2.0/authorize", self.decide, ["POST"])
        router.add_route("/{tenant}/oauth2/v2.0/token", self.token, ["POST"])

    async def consent(self, request: Request) -> Response:
        """Show the consent page."""
        query = request.query_params
        wrong = self._wrong(query)
        self._record("oauth.consent", request, None, 400 if wrong else 200)
        if wrong:
            return HTMLResponse(refusal_page(wrong), 400)
        return HTMLResponse(
            consent_page(
                self._state.mailboxes.values(),
                client_id=query["client_id"],
                scope=query["scope"],
                login_hint=query.get("login_hint"),
                vendor="Microsoft",
            )
        )

    async def decide(self, request: Request) -> Response:
        """Go back to the application with a code, or with the news that there is none."""
        query, form = request.query_params, await form_of(request)
        wrong = self._wrong(query)
        mailbox = self._state.mailbox(form.get("account", ""))
        if not wrong and form.get("decision") == "allow" and mailbox is None:
            wrong = "AADSTS50020: There is no such account."
        email = mailbox.email if mailbox else None
        self._record("oauth.decide", request, email, 400 if wrong else 302)
        if wrong:
            return HTMLResponse(refusal_page(wrong), 400)
        if form.get("decision") != "allow" or mailbox is None:
            return _back(query, {"error": "access_denied", "error_subcode": "cancel"})
        code = self._state.grants.authorize(
            Consent(
                email=mailbox.email,
                scope=query["scope"],
                redirect_uri=query["redirect_uri"],
                offline="offline_access" in query["scope"].split(),
                prompted=True,
                challenge=query.get("code_challenge"),
            ),
            self._world.clock.now(),
        )
        return _back(query, {"code": code, "session_state": "sandbox"})

    async def token(self, request: Request) -> Response:
        """Exchange a code or a refresh token."""
        form = await form_of(request)
        grants = self._state.grants
        code = grants.codes.get(form.get("code", ""))
        refresh = grants.refreshes.get(form.get("refresh_token", ""))
        account = refresh.email if refresh else code.consent.email if code else None
        fault = self._world.faults.take(
            "microsoft", "oauth.token", account, kinds=REQUEST_KINDS - {FaultKind.GONE}
        )
        if fault is not None and fault.kind is FaultKind.LATENCY:
            await fault.hold()
        if fault is not None and fault.kind in {FaultKind.STATUS, FaultKind.HTML_403}:
            status = fault.status if fault.kind is FaultKind.STATUS else 403
            response = _refusal(fault.reason or "temporarily_unavailable", "Try again.", status)
        else:
            response = self._answer(form)
        self._record("oauth.token", request, account, response.status_code)
        if fault is not None and fault.kind is FaultKind.TIMEOUT_AFTER_WRITE:
            return LostAnswer(fault)
        return response

    def _answer(self, form: dict[str, str]) -> Response:
        settings, grants = self._world.settings, self._state.grants
        secret = settings.client_secret.get_secret_value().encode()
        if form.get("client_id") != settings.client_id:
            return _refusal("unauthorized_client", "AADSTS700016: unknown application.", 400)
        if not secrets.compare_digest(form.get("client_secret", "").encode(), secret):
            return _refusal("invalid_client", "AADSTS7000215: invalid client secret.", 401)
        now = self._world.clock.now()
        try:
            match form.get("grant_type"):
                case "authorization_code":
                    issued = grants.exchange(
                        form.get("code", ""),
                        redirect_uri=form.get("redirect_uri", ""),
                        verifier=form.get("code_verifier"),
                        now=now,
                    )
                case "refresh_token":
                    issued = grants.refresh(form.get("refresh_token", ""), now)
                case other:
                    return _refusal("unsupported_grant_type", f"AADSTS70003: {other}", 400)
        except GrantRefusedError as error:
            return _refusal("invalid_grant", f"AADSTS70000: {error}", 400)
        answer = {
            "token_type": "Bearer",
            "scope": issued.scope,
            "expires_in": EXPIRES_IN_SECONDS,
            "ext_expires_in": EXPIRES_IN_SECONDS,
            "access_token": issued.access_token,
        }
        if issued.refresh_token is not None:
            answer["refresh_token"] = issued.refresh_token
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    def _wrong(self, query: QueryParams) -> str | None:
        """What is wrong with a request for consent."""
        for name in ("client_id", "redirect_uri", "response_type", "scope"):
            if not query.get(name):
                return f"AADSTS900144: The request must contain the parameter '{name}'."
        if query["client_id"] != self._world.settings.client_id:
            return "AADSTS700016: The application was not found."
        if query["response_type"] != "code":
            return "AADSTS70005: The response type is not supported."
        if urlsplit(query["redirect_uri"]).scheme not in {"http", "https"}:
            return "AADSTS50011: The redirect URI is not valid."
        return None

    def _record(self, operation: str, request: Request, email: str | None, status: int) -> None:
        self._world.calls.record(
            "microsoft",
            operation,
            request.method,
            request.url.path,
            email,
            status,
            self._world.clock.now(),
        )


def _refusal(error: str, description: str, status: int) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status)


def _back(query: QueryParams, values: dict[str, str]) -> Response:
    if "state" in query:
        values = {"state": query["state"], **values}
    uri = query["redirect_uri"]
    return RedirectResponse(f"{uri}{'&' if '?' in uri else '?'}{urlencode(values)}", 302)
