"""`POST /webhooks/exchange`: a server's notice is checked, kept in Kafka, and then answered.

A channel is named in the address that its server was given. Our answer is what ends it: one that
we do not know any more is unsubscribed.
"""

import re
from typing import Final

from opentelemetry.trace import SpanKind
from starlette.requests import Request
from starlette.responses import Response

from calendar_ingest.repository import Channels
from calendar_ingest.webhooks import count_from_zero, hint, is_secret, small_body, uuid_or_none
from tandem.runtime import metrics
from tandem.runtime.app import Runtime
from tandem.runtime.failures import is_retryable
from tandem.runtime.telemetry import span

_HAPPENED: Final = re.compile(rb"<(?:\w+:)?(?:Created|Modified|Deleted|Moved|Copied)Event\b")
_ANSWER: Final = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    "<m:SendNotificationResult"
    ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages">'
    "<m:SubscriptionStatus>{status}</m:SubscriptionStatus>"
    "</m:SendNotificationResult></s:Body></s:Envelope>"
)


class ExchangeWebhook:
    """The endpoint."""

    def __init__(self, runtime: Runtime, channels: Channels) -> None:
        self._runtime = runtime
        self._channels = channels
        count_from_zero("exchange")

    async def take(self, request: Request) -> Response:
        """Answer a notice: OK once its hint is safe, Unsubscribe where it is not ours."""
        body = await small_body(request)
        result, status = await self._checked(request, body)
        metrics.WEBHOOKS.labels("exchange", result).inc()
        if status:
            return Response(status_code=status)
        wanted = "OK" if result == "accepted" else "Unsubscribe"
        return Response(_ANSWER.format(status=wanted), media_type="text/xml; charset=utf-8")

    async def _checked(self, request: Request, body: bytes | None) -> tuple[str, int]:
        """What became of a notice, and a status where it is not answered in Exchange's way."""
        channel_id = uuid_or_none(request.query_params.get("channel", ""))
        if body is None:
            return "too_large", 413
        if channel_id is None or b"SendNotification" not in body:
            return "malformed", 400
        with span("webhook.exchange", kind=SpanKind.SERVER):
            try:
                known = await self._channels.connection_of(channel_id)
                if known is None:
                    return "unknown", 0
                connection_id, expected = known
                if not is_secret(request.query_params.get("secret", ""), expected):
                    return "unauthorized", 401
                if _HAPPENED.search(body):
                    await hint(self._runtime, connection_id)
            except Exception as error:
                if not is_retryable(error):
                    raise
                return "unavailable", 503
        return "accepted", 0
