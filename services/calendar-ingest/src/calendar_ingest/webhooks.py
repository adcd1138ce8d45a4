"""`POST /webhooks/google`: a channel's notice is checked, kept in Kafka, and then answered.

A notice has no body; all that it says is that a calendar moved. Whoever does not know the
channel's id and its secret gets nothing done.
"""

from typing import Final
from uuid import UUID

from opentelemetry.trace import SpanKind
from starlette.requests import Request
from starlette.responses import Response

from calendar_ingest.repository import Channels
from calendar_ingest.watcher import secret_hash
from tandem.contracts.events import CalendarHinted, HintCause
from tandem.contracts.topics import CALENDAR_HINTS
from tandem.runtime import metrics
from tandem.runtime.app import Runtime
from tandem.runtime.failures import is_retryable
from tandem.runtime.publisher import outgoing
from tandem.runtime.secrets import same_secret
from tandem.runtime.telemetry import span

BODY_BYTES_MAX: Final = 65_536
TOKEN_LENGTH_MAX: Final = 256
RESULTS: Final = (
    "accepted",
    "malformed",
    "too_large",
    "unauthorized",
    "unavailable",
    "unknown",
)
"""What can become of a notice."""
_STATES: Final = {"sync", "exists", "not_exists"}


class GoogleWebhook:
    """The endpoint."""

    def __init__(self, runtime: Runtime, channels: Channels) -> None:
        self._runtime = runtime
        self._channels = channels
        count_from_zero("google")

    async def take(self, request: Request) -> Response:
        """Answer a notice: 2xx once its hint is safe, 4xx where it is not ours, 503 for later."""
        result, status = await self._checked(request)
        metrics.WEBHOOKS.labels("google", result).inc()
        return Response(status_code=status)

    async def _checked(self, request: Request) -> tuple[str, int]:
        if await small_body(request) is None:
            return "too_large", 413
        state = request.headers.get("x-goog-resource-state", "")
        channel_id = uuid_or_none(request.headers.get("x-goog-channel-id", ""))
        if state not in _STATES or channel_id is None:
            return "malformed", 400
        with span("webhook.google", kind=SpanKind.SERVER):
            try:
                known = await self._channels.connection_of(channel_id)
                if known is None:
                    return "unknown", 404
                connection_id, expected = known
                token = request.headers.get("x-goog-channel-token", "")
                if not is_secret(token, expected):
                    return "unauthorized", 401
                if state != "sync":
                    await hint(self._runtime, connection_id)
            except Exception as error:
                if not is_retryable(error):
                    raise
                return "unavailable", 503
        return "accepted", 204


def count_from_zero(provider: str) -> None:
    """Have the metric tell of a provider's notices before the first one comes."""
    for result in RESULTS:
        metrics.WEBHOOKS.labels(provider, result)


async def hint(runtime: Runtime, connection_id: UUID) -> None:
    """Have the calendar of a connection read; returns once Kafka has the hint."""
    message = CalendarHinted(
        message_id=runtime.new_id(),
        occurred_at=runtime.clock.now(),
        connection_id=connection_id,
        cause=HintCause.PUSH,
    )
    await runtime.publisher.publish([outgoing(CALENDAR_HINTS, message)])


def is_secret(told: str, expected: bytes) -> bool:
    """Whether a notice tells the secret of which we keep a hash."""
    return same_secret(secret_hash(told[:TOKEN_LENGTH_MAX]).hex(), expected.hex())


async def small_body(request: Request, most: int = BODY_BYTES_MAX) -> bytes | None:
    """The body of a notice; None where it has more than `most` bytes."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            return None
    return body


def uuid_or_none(text: str) -> UUID | None:
    """The id that a text holds, if it is one."""
    try:
        return UUID(text)
    except ValueError:
        return None
