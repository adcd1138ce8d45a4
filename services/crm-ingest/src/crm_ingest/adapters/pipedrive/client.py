"""Calls Pipedrive's API for an account: address, token, budget, and errors in our own words.

A read that fails is tried again within `INLINE_WAIT_S_MAX`; a write never is, its caller knows
how to find out what became of it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import httpx

from crm_ingest.adapters.pipedrive.budget import Budget
from crm_ingest.crm import Account, ForbiddenError, RefusedError, UncertainError
from tandem.runtime import metrics
from tandem.runtime.answers import DETAIL_LENGTH_MAX, content_of, impersonal, object_of
from tandem.runtime.clock import Clock
from tandem.runtime.credential_store import Credential, Credentials, GrantLostError, Refresh
from tandem.runtime.failures import Retryable
from tandem.runtime.telemetry import call_of

INLINE_WAIT_S_MAX: Final = 5.0
READ_TRIES_MAX: Final = 3
RETRY_FIRST_S: Final = 0.3
KEPT_S: Final = 30.0
"""Shorter than the time by which the store refreshes a token before it expires."""
KEPT_MAX: Final = 10_000
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

Params = Mapping[str, str | int | bool]
Json = dict[str, Any]


class Tokens(Protocol):
    """Where access tokens come from."""

    async def token(self, account: Account, *, stale: str = "") -> Credential:
        """A credential whose access token holds; `stale` is one that was just refused."""
        ...


class StoredTokens:
    """Access tokens of the credential store, each kept in memory for `KEPT_S`."""

    def __init__(self, credentials: Credentials, refresh: Refresh, clock: Clock) -> None:
        self._credentials = credentials
        self._refresh = refresh
        self._clock = clock
        self._kept: dict[UUID, tuple[Credential, datetime]] = {}

    async def token(self, account: Account, *, stale: str = "") -> Credential:
        """See `Tokens`; raises GrantLostError where the grant is lost."""
        now = self._clock.now()
        credential, until = self._kept.get(account.credential_id, (None, now))
        if credential is not None and not stale and until > now:
            return credential
        self._kept.pop(account.credential_id, None)
        credential = await self._credentials.store.usable(
            account.credential_id, self._refresh, stale=stale
        )
        if len(self._kept) >= KEPT_MAX:
            self._kept.clear()
        self._kept[account.credential_id] = (credential, now + timedelta(seconds=KEPT_S))
        return credential


class MissingError(RefusedError):
    """There is no such item, or the account may not know of it."""


class PipedriveClient:
    """Sends calls within the budget; answers are JSON objects."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        tokens: Tokens,
        budget: Budget,
        clock: Clock,
        allow_plain_http: bool,
    ) -> None:
        self._http = http
        self._tokens = tokens
        self._budget = budget
        self._clock = clock
        self._allow_plain_http = allow_plain_http

    async def read(
        self, account: Account, operation: str, path: str, params: Params | None = None
    ) -> Json:
        """GET `path` (such as `/api/v2/activities`); tried again within a few seconds."""
        waited, tries = 0.0, 0
        while True:
            tries += 1
            try:
                return await self._call(account, operation, "GET", path, params=params)
            except Retryable as error:
                pause = max(RETRY_FIRST_S * 2.0 ** (tries - 1), error.retry_after_s or 0.0)
                if tries >= READ_TRIES_MAX or waited + pause > INLINE_WAIT_S_MAX:
                    raise
                await self._clock.sleep(pause)
                waited += pause

    async def write(
        self, account: Account, operation: str, method: str, path: str, body: Json | None = None
    ) -> Json:
        """Send one write, once; only waits for the budget are spent here."""
        waited = 0.0
        while True:
            wait = self._budget.take(account)
            if wait <= 0:
                return await self._send(account, operation, method, path, body=body)
            if waited + wait > INLINE_WAIT_S_MAX:
                raise Retryable("pipedrive: rate limit", retry_after_s=wait)
            await self._clock.sleep(wait)
            waited += wait

    async def _call(
        self, account: Account, operation: str, method: str, path: str, *, params: Params | None
    ) -> Json:
        wait = self._budget.take(account)
        if wait > 0:
            raise Retryable("pipedrive: rate limit", retry_after_s=wait)
        return await self._send(account, operation, method, path, params=params)

    async def _send(
        self,
        account: Account,
        operation: str,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: Json | None = None,
    ) -> Json:
        self._check_address(account.api_url)
        credential = await self._tokens.token(account)
        with (
            call_of("pipedrive", operation),
            metrics.PROVIDER_SECONDS.labels("pipedrive", operation).time(),
        ):
            try:
                response = await self._exchange(account, credential, method, path, params, body)
                if response.status_code == httpx.codes.UNAUTHORIZED:
                    stale = credential.access_token.get_secret_value()
                    credential = await self._tokens.token(account, stale=stale)
                    response = await self._exchange(account, credential, method, path, params, body)
            except httpx.HTTPError as error:
                _count(operation, "unavailable")
                failed = Retryable if isinstance(error, _NEVER_SENT) else _unanswered(method)
                raise failed(f"pipedrive: {type(error).__name__}") from error
            return self._translate(account, operation, method, response)

    async def _exchange(  # noqa: PLR0917 - all that makes a call
        self,
        account: Account,
        credential: Credential,
        method: str,
        path: str,
        params: Params | None,
        body: Json | None,
    ) -> httpx.Response:
        async with self._http.stream(
            method,
            account.api_url.rstrip("/") + path,
            params=_plain(params),
            json=body,
            headers=_authorization(credential),
        ) as response:
            content = await content_of(response)
        if content is None:
            raise RefusedError("pipedrive: answer too large")
        self._budget.learn(account, response.headers)
        return httpx.Response(
            response.status_code,
            headers={k: v for k, v in response.headers.items() if k != "content-encoding"},
            content=content,
        )

    def _translate(
        self, account: Account, operation: str, method: str, response: httpx.Response
    ) -> Json:
        """Give the answer's object, or raise what its status means."""
        code = response.status_code
        answer = object_of(response)
        if response.is_success:
            if answer is None or answer.get("success") is False:
                _count(operation, "unavailable")
                raise _unanswered(method)("pipedrive: the answer is not what it should be")
            _count(operation, "ok")
            return answer
        if code == httpx.codes.TOO_MANY_REQUESTS:
            _count(operation, "throttled")
            wait = self._budget.throttled(account, response.headers)
            raise Retryable("pipedrive: rate limit", retry_after_s=wait)
        if code == httpx.codes.FORBIDDEN and answer is None:
            _count(operation, "walled")
            raise Retryable(
                "pipedrive: blocked by Cloudflare", retry_after_s=self._budget.walled(account)
            )
        if code >= httpx.codes.INTERNAL_SERVER_ERROR or code == httpx.codes.REQUEST_TIMEOUT:
            _count(operation, "unavailable")
            raise _unanswered(method)(f"pipedrive: status {code}")
        if code == httpx.codes.UNAUTHORIZED:
            _count(operation, "unauthorized")
            raise GrantLostError("pipedrive refuses the account's token")
        detail = _detail(code, answer)
        if code == httpx.codes.FORBIDDEN:
            _count(operation, "forbidden")
            raise ForbiddenError(detail)
        if code in {httpx.codes.NOT_FOUND, httpx.codes.GONE}:
            _count(operation, "missing")
            raise MissingError(detail)
        _count(operation, "refused")
        raise RefusedError(detail)

    def _check_address(self, api_url: str) -> None:
        if not api_url.startswith("https://") and not (
            self._allow_plain_http and api_url.startswith("http://")
        ):
            raise RefusedError("crm_api_url: must be https (ALLOW_PLAIN_HTTP is off)")


def _unanswered(method: str) -> type[Retryable]:
    """What it means that a call was sent and not properly answered."""
    return Retryable if method == "GET" else UncertainError


def _authorization(credential: Credential) -> dict[str, str]:
    """A personal API token has a header of its own; it knows no refresh."""
    token = credential.access_token.get_secret_value()
    if not credential.refresh_token.get_secret_value():
        return {"x-api-token": token}
    return {"authorization": f"Bearer {token}"}


def _plain(params: Params | None) -> dict[str, str]:
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in (params or {}).items()
    }


def _detail(code: int, answer: Json | None) -> str:
    """Pipedrive's own reason, without addresses of people or pages."""
    said = (answer or {}).get("error") or (answer or {}).get("errors") or ""
    text = impersonal(said if isinstance(said, str) else "")
    return f"{code} {text}".strip()[:DETAIL_LENGTH_MAX]


def _count(operation: str, result: str) -> None:
    metrics.PROVIDER_CALLS.labels("pipedrive", operation, result).inc()
