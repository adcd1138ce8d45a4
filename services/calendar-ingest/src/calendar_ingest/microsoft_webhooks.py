"""`POST /webhooks/microsoft` and its lifecycle twin: notices are checked, kept, then answered.

Graph first asks each address for a token back. A notice says only that a calendar moved, or that
its subscription did; whoever does not know a channel's id and its secret gets nothing done.
"""

import json
from typing import Any, Final
from uuid import UUID

from opentelemetry.trace import SpanKind
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from calendar_ingest.repository import Channels
from calendar_ingest.webhooks import (
    count_from_zero,
    hint,
    is_secret,
    small_body,
    uuid_or_none,
)
from tandem.runtime import metrics
from tandem.runtime.app import Runtime
from tandem.runtime.failures import is_retryable
from tandem.runtime.logs import LOG
from tandem.runtime.telemetry import span

VALIDATION_TOKEN_MAX: Final = 2_048
NOTICES_MAX: Final = 1_000
NOTICES_BYTES_MAX: Final = 1_048_576
"""Graph sends the notices of many subscriptions together."""
_CHANNEL_DOUBTED: Final = {"subscriptionRemoved", "reauthorizationRequired"}
_CALENDAR_MOVED: Final = {"subscriptionRemoved", "missed"}


class MicrosoftWebhooks:
    """The endpoints."""

    def __init__(self, runtime: Runtime, channels: Channels) -> None:
        self._runtime = runtime
        self._channels = channels
        count_from_zero("microsoft")

    def routes(self) -> list[Route]:
        """Where Graph finds them."""
        return [
            Route("/webhooks/microsoft", self.take, methods=["POST"]),
            Route("/webhooks/microsoft/lifecycle", self.take_lifecycle, methods=["POST"]),
        ]

    async def take(self, request: Request) -> Response:
        """Answer notices of changes: 202 once their hints are safe."""
        return await self._answered(request, lifecycle=False)

    async def take_lifecycle(self, request: Request) -> Response:
        """Answer notices of what becomes of a subscription."""
        return await self._answered(request, lifecycle=True)

    async def _answered(self, request: Request, *, lifecycle: bool) -> Response:
        token = request.query_params.get("validationToken")
        if token is not None:
            if len(token) > VALIDATION_TOKEN_MAX:
                return Response(status_code=400)
            return PlainTextResponse(token, headers={"x-content-type-options": "nosniff"})
        result, status = await self._checked(request, lifecycle=lifecycle)
        metrics.WEBHOOKS.labels("microsoft", result).inc()
        return Response(status_code=status)

    async def _checked(self, request: Request, *, lifecycle: bool) -> tuple[str, int]:
        body = await small_body(request, NOTICES_BYTES_MAX)
        if body is None:
            return "too_large", 413
        notices = _notices(body)
        if not notices:
            return "malformed", 400
        with span("webhook.microsoft", kind=SpanKind.SERVER):
            try:
                known = [
                    (connection_id, str(notice.get("lifecycleEvent") or ""))
                    for notice in notices
                    if (connection_id := await self._connection_of(notice)) is not None
                ]
                for connection_id, event in dict.fromkeys(known):
                    await self._act(connection_id, event if lifecycle else "")
            except Exception as error:
                if not is_retryable(error):
                    raise
                return "unavailable", 503
        # Graph is told 202 even where a notice is not ours: it would only repeat it.
        return ("accepted" if known else "unauthorized"), 202

    async def _connection_of(self, notice: dict[str, Any]) -> UUID | None:
        """The connection that a notice is about, where it knows the channel's secret."""
        channel, _, secret = str(notice.get("clientState") or "").partition(".")
        channel_id = uuid_or_none(channel)
        known = None if channel_id is None else await self._channels.connection_of(channel_id)
        if known is None or not is_secret(secret, known[1]):
            return None
        return known[0]

    async def _act(self, connection_id: UUID, event: str) -> None:
        if event in _CHANNEL_DOUBTED:
            LOG.info("channel_in_doubt", connection_id=str(connection_id), cause=event)
            await self._channels.renew_now(connection_id)
        if not event or event in _CALENDAR_MOVED:
            await hint(self._runtime, connection_id)


def _notices(body: bytes) -> list[dict[str, Any]]:
    """The notices of a body; none where it has another shape."""
    try:
        value = json.loads(body)["value"]
    except (ValueError, KeyError, TypeError):
        return []
    if not isinstance(value, list) or len(value) > NOTICES_MAX:
        return []
    return [notice for notice in value if isinstance(notice, dict)]
