"""Sends requests to Graph, within a mailbox's limits, and reads what comes back.

Each is sent once; an answer becomes an object, or an error in our own words.
"""

import asyncio
import importlib
import json
from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import httpx

from calendar_ingest.adapters.gathering import Answer, Gathering
from calendar_ingest.adapters.microsoft.batches import REQUESTS_MAX, apart, as_one
from calendar_ingest.adapters.microsoft.mailboxes import Mailboxes
from calendar_ingest.adapters.request import Request
from calendar_ingest.adapters.tokens import Tokens
from calendar_ingest.calendars import Account, OnPremisesMailboxError, RefusedError
from tandem.runtime import metrics
from tandem.runtime.answers import DETAIL_LENGTH_MAX, content_of, impersonal, seconds_of
from tandem.runtime.clock import Clock
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import Retryable
from tandem.runtime.telemetry import call_of

if TYPE_CHECKING:
    from calendar_ingest.adapters.microsoft.requests import Requests

Json = dict[str, Any]

INLINE_WAIT_S_MAX: Final = 2.0
PAGE_EVENTS: Final = 200
_GATHERED: Final = {"events.create", "events.update", "events.delete"}
_THROTTLED: Final = {"ApplicationThrottled", "TooManyRequests", "ErrorExceededMessageLimit"}
_PASSING: Final = {"ErrorServerBusy", "ErrorTimeoutExpired", "ErrorInternalServerTransientError"}
_NOT_IN_THE_CLOUD: Final = "MailboxNotEnabledForRESTAPI"
_PREFER: Final = (
    'IdType="ImmutableId", outlook.timezone="UTC", outlook.body-content-type="text", '
    f"odata.maxpagesize={PAGE_EVENTS}"
)


class MicrosoftError(RefusedError):
    """Graph's refusal, with its status and code."""

    def __init__(self, message: str, *, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class MicrosoftClient:
    """Graph for our accounts; `requests` builds what is sent."""

    def __init__(
        self, http: httpx.AsyncClient, *, api_url: str, tokens: Tokens, clock: Clock
    ) -> None:
        self._http = http
        self._api_url = api_url
        self._tokens = tokens
        self._clock = clock
        self._mailboxes = Mailboxes(clock)
        self._gathering = Gathering(REQUESTS_MAX, self._send_together, clock)
        self._requests: Requests | None = None
        self._loading: asyncio.Future[ModuleType] | None = None

    async def requests(self) -> "Requests":
        """The builder of requests; the vendor's library is loaded by the first call."""
        if self._requests is None:
            if self._loading is None:
                self._loading = asyncio.ensure_future(
                    asyncio.to_thread(
                        importlib.import_module, "calendar_ingest.adapters.microsoft.requests"
                    )
                )
            module = await asyncio.shield(self._loading)
            self._requests = self._requests or module.Requests(self._api_url)
        return self._requests

    async def call(
        self, account: Account, operation: str, request: Request, *, etag: str = ""
    ) -> Json:
        """Send a request; with `etag` only where the event still has it (If-Match).

        Raises Retryable, GrantLostError, or MicrosoftError for what Graph refuses.
        """
        await self._wait(account)
        headers = {"prefer": _PREFER, "accept": "application/json"}
        if request.content:
            headers["content-type"] = "application/json"
        if etag:
            headers["if-match"] = etag
        together = account.background and operation in _GATHERED
        send = self._gathering.send if together else self._send
        with (
            call_of("microsoft", operation),
            metrics.PROVIDER_SECONDS.labels("microsoft", operation).time(),
        ):
            try:
                response, content = await send(account, replace(request, headers=headers))
            except httpx.HTTPError as error:
                _count(operation, "unavailable")
                raise Retryable(f"microsoft: {type(error).__name__}") from error
            return self._translate(account, operation, response, content)

    async def _wait(self, account: Account) -> None:
        wait = self._mailboxes.wait_s(account)
        if wait > INLINE_WAIT_S_MAX:
            raise Retryable("microsoft: throttled", retry_after_s=wait)
        if wait > 0:
            await self._clock.sleep(wait)

    async def _send_together(self, account: Account, requests: Sequence[Request]) -> list[Answer]:
        if len(requests) == 1:
            return [await self._send(account, requests[0])]
        batch = as_one(self._api_url.rstrip("/"), requests)
        return apart(await self._send(account, batch), len(requests))

    async def _send(self, account: Account, request: Request) -> Answer:
        async with self._mailboxes.places(account):
            token = await self._tokens.token(account)
            response, content = await self._exchange(request, token)
            if response.status_code == httpx.codes.UNAUTHORIZED:
                token = await self._tokens.token(account, stale=token)
                response, content = await self._exchange(request, token)
        return response, content

    async def _exchange(self, request: Request, token: str) -> Answer:
        options = request.options(token)
        async with self._http.stream(request.method, request.url, **options) as response:
            content = await content_of(response)
        if content is None:
            raise RefusedError("microsoft: answer too large")
        return response, content

    def _translate(
        self, account: Account, operation: str, response: httpx.Response, content: bytes
    ) -> Json:
        """Give the answer's object, or raise what its status means."""
        status = response.status_code
        if response.is_success:
            self._mailboxes.welcomed(account)
            _count(operation, "ok")
            return _parsed(content)
        code, message = _error(content)
        told = seconds_of(response.headers.get("retry-after"))
        if status == httpx.codes.TOO_MANY_REQUESTS or code in _THROTTLED:
            _count(operation, "throttled")
            wait = self._mailboxes.throttled(account, told)
            raise Retryable("microsoft: throttled", retry_after_s=wait)
        if (
            status >= httpx.codes.INTERNAL_SERVER_ERROR
            or status == httpx.codes.REQUEST_TIMEOUT
            or code in _PASSING
        ):
            _count(operation, "unavailable")
            raise Retryable(f"microsoft: status {status}", retry_after_s=told)
        if status == httpx.codes.UNAUTHORIZED:
            _count(operation, "unauthorized")
            raise GrantLostError("microsoft does not accept the account's grant")
        if status == httpx.codes.FORBIDDEN and not code:
            _count(operation, "unavailable")
            raise Retryable("microsoft: a gateway refused the request")
        _count(operation, "refused")
        if code == _NOT_IN_THE_CLOUD:
            raise OnPremisesMailboxError(
                "its mailbox is at an Exchange server of the organisation; "
                "connect it with its password and, if need be, the server's address"
            )
        raise MicrosoftError(_detail(status, code, message), status=status, code=code)


def _parsed(content: bytes) -> Json:
    """The answer's object; some operations answer with nothing."""
    if not content:
        return {}
    try:
        answer = json.loads(content)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise Retryable("microsoft: the answer is not what it should be")
    return answer


def _error(content: bytes) -> tuple[str, str]:
    """Code and message of an error; empty where the answer has another shape."""
    try:
        error = json.loads(content)["error"]
        return str(error.get("code") or ""), str(error.get("message") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", ""


def _detail(status: int, code: str, message: str) -> str:
    """Graph's own reason, without addresses of people or pages."""
    return " ".join(f"{status} {code} {impersonal(message)}".split())[:DETAIL_LENGTH_MAX]


def _count(operation: str, result: str) -> None:
    metrics.PROVIDER_CALLS.labels("microsoft", operation, result).inc()
