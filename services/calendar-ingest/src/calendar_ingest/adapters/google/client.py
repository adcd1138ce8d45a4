"""Sends requests that Google's own library has built, without blocking the event loop.

Each is sent once, within the quota, and writes of a backfill together; an answer becomes an
object, or an error in our own words.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

import httplib2  # type: ignore[import-untyped]
import httpx
from googleapiclient.discovery import build

from calendar_ingest.adapters.gathering import Answer, Gathering
from calendar_ingest.adapters.google.batches import REQUESTS_MAX, apart, as_one
from calendar_ingest.adapters.google.budget import Budget
from calendar_ingest.adapters.request import Request
from calendar_ingest.adapters.tokens import Tokens
from calendar_ingest.calendars import Account, RefusedError
from tandem.runtime import metrics
from tandem.runtime.answers import DETAIL_LENGTH_MAX, content_of, impersonal, seconds_of
from tandem.runtime.clock import Clock
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import Retryable
from tandem.runtime.telemetry import call_of

Json = dict[str, Any]

SERVICE: Final = "calendar/v3"
INLINE_WAIT_S_MAX: Final = 2.0
PATCH_COST: Final = 3
_GATHERED: Final = {"events.insert", "events.patch", "events.delete", "events.get"}
"""Operations of a backfill; what it finds made by an earlier try is read back."""
_QUOTA: Final = {
    "rateLimitExceeded",
    "userRateLimitExceeded",
    "quotaExceeded",
    "dailyLimitExceeded",
    "calendarUsageLimitsExceeded",
}
_SCOPE: Final = {"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}


class GoogleError(RefusedError):
    """Google's refusal, with its status and reason code."""

    def __init__(self, message: str, *, status: int, reason: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class GoogleClient:
    """Google's Calendar API for our accounts; `calendar` builds the requests."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        api_url: str,
        tokens: Tokens,
        budget: Budget,
        clock: Clock,
    ) -> None:
        self._http = http
        self._tokens = tokens
        self._budget = budget
        self._clock = clock
        self._gathering = Gathering(REQUESTS_MAX, self._send, clock)
        root = api_url.rstrip("/").removesuffix(f"/{SERVICE}")
        self._batch_url = f"{root}/batch/{SERVICE}"
        service = build(
            "calendar",
            "v3",
            # Never used to send anything; without it the library looks for credentials.
            http=httplib2.Http(),
            static_discovery=True,
            client_options={"api_endpoint": api_url.rstrip("/") + "/"},
        )
        self.events = service.events()
        self.calendar_list = service.calendarList()
        self.channels = service.channels()

    async def call(
        self, account: Account, operation: str, request: Any, *, version: str = "", cost: int = 1
    ) -> Json:
        """Send a built request; with `version` only where the event still has it (If-Match).

        Raises Retryable, GrantLostError, or GoogleError for what Google refuses.
        """
        await self._wait(account, cost)
        sent = _sent(request, version)
        with (
            call_of("google", operation),
            metrics.PROVIDER_SECONDS.labels("google", operation).time(),
        ):
            try:
                if account.background and operation in _GATHERED:
                    response, content = await self._gathering.send(account, sent)
                else:
                    [(response, content)] = await self._send(account, [sent])
            except httpx.HTTPError as error:
                _count(operation, "unavailable")
                raise Retryable(f"google: {type(error).__name__}") from error
            return self._translate(account, operation, request, response, content)

    async def _wait(self, account: Account, cost: int) -> None:
        waited = 0.0
        while (wait := self._budget.take(account, cost)) > 0:
            if waited + wait > INLINE_WAIT_S_MAX:
                raise Retryable("google: quota", retry_after_s=wait)
            await self._clock.sleep(wait)
            waited += wait

    async def _send(self, account: Account, requests: Sequence[Request]) -> list[Answer]:
        """Send them as one; with a fresh token those again that refuse the one we have."""
        token = await self._tokens.token(account)
        answers = await self._exchange(requests, token)
        refused = [
            number
            for number, (response, _) in enumerate(answers)
            if response.status_code == httpx.codes.UNAUTHORIZED
        ]
        if refused:
            token = await self._tokens.token(account, stale=token)
            again = await self._exchange([requests[number] for number in refused], token)
            for number, answer in zip(refused, again, strict=True):
                answers[number] = answer
        return answers

    async def _exchange(self, requests: Sequence[Request], token: str) -> list[Answer]:
        alone = len(requests) == 1
        sent = requests[0] if alone else as_one(self._batch_url, requests)
        async with self._http.stream(sent.method, sent.url, **sent.options(token)) as response:
            content = await content_of(response)
        if content is None:
            raise RefusedError("google: answer too large")
        answer = response, content
        return [answer] if alone else apart(answer, len(requests))

    def _translate(
        self,
        account: Account,
        operation: str,
        request: Any,
        response: httpx.Response,
        content: bytes,
    ) -> Json:
        """Give the answer's object, or raise what its status means."""
        status = response.status_code
        if response.is_success:
            self._budget.welcomed(account)
            _count(operation, "ok")
            return _parsed(request, status, content)
        reason, message = _error(content)
        if status == httpx.codes.TOO_MANY_REQUESTS or reason in _QUOTA:
            _count(operation, "throttled")
            wait = self._budget.throttled(account, seconds_of(response.headers.get("retry-after")))
            raise Retryable("google: quota", retry_after_s=wait)
        if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.REQUEST_TIMEOUT:
            _count(operation, "unavailable")
            raise Retryable(
                f"google: status {status}",
                retry_after_s=seconds_of(response.headers.get("retry-after")),
            )
        if status == httpx.codes.UNAUTHORIZED or reason in _SCOPE:
            _count(operation, "unauthorized")
            raise GrantLostError("google does not accept the account's grant")
        _count(operation, "refused")
        raise GoogleError(
            _detail(status, reason, message),
            status=status,
            reason=reason,
        )


def _sent(request: Any, version: str) -> Request:
    """A request of Google's library, to be sent only where the event has `version` if given."""
    headers = {**request.headers, **({"if-match": version} if version else {})}
    return Request(request.method, request.uri, (request.body or "").encode(), headers)


def _parsed(request: Any, status: int, content: bytes) -> Json:
    """The answer's object; some operations answer with nothing."""
    if not content:
        return {}
    answer = request.postproc(httplib2.Response({"status": status}), content)
    if not isinstance(answer, dict):
        raise Retryable("google: the answer is not what it should be")
    return answer


def _error(content: bytes) -> tuple[str, str]:
    """Reason code and message of an error; empty where the answer has another shape."""
    try:
        error = json.loads(content)["error"]
        first = (error.get("errors") or [{}])[0]
        return str(first.get("reason") or error.get("status") or ""), str(error.get("message", ""))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return "", ""


def _detail(status: int, reason: str, message: str) -> str:
    """Google's own reason, without addresses of people or pages."""
    return " ".join(f"{status} {reason} {impersonal(message)}".split())[:DETAIL_LENGTH_MAX]


def _count(operation: str, result: str) -> None:
    metrics.PROVIDER_CALLS.labels("google", operation, result).inc()
