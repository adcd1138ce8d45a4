"""Exchanges authorization codes for tokens, with both providers' manners of naming the client."""

from dataclasses import dataclass
from typing import Any, Final

import httpx
from pydantic import SecretStr

from settings_api.api.problems import ProblemError

EXPIRES_S_DEFAULT: Final = 3599


@dataclass(frozen=True)
class Grant:
    """Tokens of a grant; `api_url` only where the provider tells (Pipedrive)."""

    access_token: SecretStr
    refresh_token: SecretStr
    expires_in_s: int
    api_url: str


async def exchange_code(
    http: httpx.AsyncClient,
    token_url: str,
    *,
    code: str,
    redirect_uri: str,
    client: tuple[str, SecretStr],
    verifier: str | None = None,
) -> Grant:
    """The grant behind a code; ProblemError 400 where it is refused, 503 where nobody answers."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if verifier is not None:
        form |= {"code_verifier": verifier}
        form |= {"client_id": client[0], "client_secret": client[1].get_secret_value()}
        auth = None
    else:
        auth = httpx.BasicAuth(client[0], client[1].get_secret_value())
    body = await json_of(http, "POST", token_url, data=form, auth=auth)
    token = body.get("access_token")
    if not isinstance(token, str) or not token:
        raise ProblemError(400, "code: the provider refused it; start the connection again")
    expires = body.get("expires_in")
    return Grant(
        access_token=SecretStr(token),
        refresh_token=SecretStr(str(body.get("refresh_token") or "")),
        expires_in_s=expires if isinstance(expires, int) and expires > 0 else EXPIRES_S_DEFAULT,
        api_url=str(body.get("api_domain") or ""),
    )


async def json_of(http: httpx.AsyncClient, method: str, url: str, **request: Any) -> dict[str, Any]:
    """The object that a provider answers; {} for a refusal, ProblemError 503 where it is down."""
    try:
        answer = await http.request(method, url, **request)
    except httpx.HTTPError as error:
        raise ProblemError(503, "the provider does not answer; try again") from error
    if answer.is_server_error:
        raise ProblemError(503, "the provider does not answer; try again")
    try:
        body = answer.json() if answer.is_success else {}
    except ValueError:
        body = {}
    return body if isinstance(body, dict) else {}
