"""Exchanges authorization codes for grants, and asks whose they are.

Nothing of what a provider says about an error is passed on: it may repeat what it was sent.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
from pydantic import SecretStr

from settings_api.problem import ProblemError
from tandem.runtime.answers import object_of
from tandem.runtime.credential_store import Credential, CredentialKind
from tandem.runtime.logs import LOG
from tandem.runtime.oauth_answers import access_token_of, lifetime_s

_CONFIGURATION: Final = frozenset(
    {"invalid_client", "unauthorized_client", "redirect_uri_mismatch"}
)


@dataclass(frozen=True)
class Grant:
    """Tokens of a grant; `api_url` only where the provider tells (Pipedrive)."""

    access_token: SecretStr
    refresh_token: SecretStr
    expires_in_s: int
    scopes: frozenset[str]
    api_url: str

    @property
    def headers(self) -> dict[str, str]:
        """Headers of a call with this grant."""
        return {"authorization": f"Bearer {self.access_token.get_secret_value()}"}

    def as_credential(
        self, credential_id: UUID, kind: CredentialKind, account: str, *, now: datetime
    ) -> Credential:
        """The grant as it is kept."""
        return Credential(
            credential_id=credential_id,
            kind=kind,
            account=account,
            access_token=self.access_token,
            refresh_token=self.refresh_token,
            api_url=self.api_url,
            expires_at=now + timedelta(seconds=self.expires_in_s),
        )


async def exchange(
    http: httpx.AsyncClient, token_url: str, form: dict[str, str], auth: httpx.Auth | None = None
) -> Grant:
    """The grant behind a code; ProblemError 400 where it is refused, 503 where nobody answers."""
    form = {"grant_type": "authorization_code", **form}
    answer = await _answer(http, "POST", token_url, data=form, auth=auth)
    body = object_of(answer) or {}
    token = access_token_of(body)
    if not answer.is_success or token is None:
        if body.get("error") in _CONFIGURATION:
            LOG.error("client_refused", error=body["error"])
        raise ProblemError(400, "code: the provider refused it; nothing was changed, start again")
    return Grant(
        access_token=token,
        refresh_token=SecretStr(str(body.get("refresh_token") or "")),
        expires_in_s=lifetime_s(body),
        scopes=frozenset(str(body.get("scope") or "").split()),
        api_url=str(body.get("api_domain") or ""),
    )


async def whose(http: httpx.AsyncClient, url: str, grant: Grant) -> dict[str, Any]:
    """What a provider tells of the account behind a grant; {} where it refuses."""
    answer = await _answer(http, "GET", url, headers=grant.headers)
    return (object_of(answer) or {}) if answer.is_success else {}


async def _answer(http: httpx.AsyncClient, method: str, url: str, **request: Any) -> httpx.Response:
    try:
        answer = await http.request(method, url, **request)
    except httpx.HTTPError as error:
        raise ProblemError(503, "the provider does not answer; start again in a moment") from error
    if answer.is_server_error or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise ProblemError(503, "the provider does not answer; start again in a moment")
    return answer
