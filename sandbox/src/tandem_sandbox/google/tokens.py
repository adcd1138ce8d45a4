"""The back door of Google's OAuth 2: tokens, their end, and whose they are."""

import secrets
from base64 import b64decode
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from tandem_sandbox.faults import REQUEST_KINDS, Fault, FaultKind, LostAnswer
from tandem_sandbox.google import errors
from tandem_sandbox.google.consent import refusal_page
from tandem_sandbox.google.gate import rendered_error
from tandem_sandbox.google.identity import claims_of, id_token
from tandem_sandbox.google.oauth import form_of, record
from tandem_sandbox.grants import EXPIRES_IN_SECONDS, GrantRefusedError, Issued
from tandem_sandbox.world import World


class OAuthRefusedError(Exception):
    """A token request is refused."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


class Tokens:
    """The token, revocation and userinfo addresses."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._state = world.google

    def mount(self, router: APIRouter) -> None:
        """Add the addresses to ``router``."""
        router.add_route("/token", self.token, ["POST"])
        router.add_route("/revoke", self.revoke, ["POST"])
        for path in ("/oauth2/v3/userinfo", "/v1/userinfo", "/openidconnect/v1/userinfo"):
            router.add_route(path, self.userinfo, ["GET", "POST"])

    async def token(self, request: Request) -> Response:
        """Exchange a code or a refresh token."""
        form = await form_of(request)
        codes, refreshes = self._state.grants.codes, self._state.grants.refreshes
        code, refresh = (
            codes.get(form.get("code", "")),
            refreshes.get(form.get("refresh_token", "")),
        )
        account = refresh.email if refresh else code.consent.email if code else None

        def answer() -> Response:
            try:
                self._check_client(request, form)
                tokens = self._tokens(self._issue(form), form)
            except OAuthRefusedError as error:
                return _refusal(error.error, error.description, error.status)
            return JSONResponse(tokens, headers={"Cache-Control": "no-store"})

        return await self._answered("oauth.token", request, account, answer)

    async def revoke(self, request: Request) -> Response:
        """End a grant."""
        form = await form_of(request)
        token = form.get("token") or request.query_params.get("token", "")
        grants = self._state.grants
        held = grants.access.get(token) or grants.refreshes.get(token)

        def answer() -> Response:
            if not grants.revoke(token):
                return _refusal("invalid_token", "Token expired or revoked", 400)
            return JSONResponse({})

        return await self._answered("oauth.revoke", request, held.email if held else None, answer)

    async def userinfo(self, request: Request) -> Response:
        """Tell whose token it is."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        now = self._world.clock.now()
        mailbox = self._state.by_token(token, now) if scheme.lower() == "bearer" else None
        if mailbox is None:
            record(self._world, "oauth.userinfo", request, None, 401)
            return rendered_error(errors.invalid_credentials())
        record(self._world, "oauth.userinfo", request, mailbox.email, 200)
        return JSONResponse(claims_of(mailbox))

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
            result["id_token"] = id_token(
                self._state.mailboxes[issued.email],
                self._world.settings.client_id,
                self._world.clock.now(),
            )
        return result

    async def _answered(
        self,
        operation: str,
        request: Request,
        account: str | None,
        answer: Callable[[], Response],
    ) -> Response:
        kinds = REQUEST_KINDS - {FaultKind.GONE}
        fault = self._world.faults.take("google", operation, account, kinds=kinds)
        response = await _stopped(fault) or answer()
        record(self._world, operation, request, account, response.status_code)
        if fault is not None and fault.kind is FaultKind.TIMEOUT_AFTER_WRITE:
            return LostAnswer(fault)
        return response


def _refusal(error: str, description: str, status: int) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status)


async def _stopped(fault: Fault | None) -> Response | None:
    match fault.kind if fault else None:
        case FaultKind.LATENCY if fault:
            await fault.hold()
        case FaultKind.STATUS if fault:
            error = fault.reason or "internal_failure"
            return _refusal(error, error, fault.status)
        case FaultKind.HTML_403:
            return HTMLResponse(refusal_page("Forbidden"), 403)
        case _:
            pass
    return None
