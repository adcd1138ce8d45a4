"""`POST /webhooks/pipedrive`: a webhook is checked, its hint kept in Kafka, and then answered.

Nothing but ids is taken from it. Companies and users that nobody knows are left to the reader,
so that the answer waits for nothing but Kafka.
"""

import asyncio
import base64
import binascii
from typing import Final

from opentelemetry.trace import SpanKind
from starlette.requests import Request
from starlette.responses import Response

from crm_ingest.adapters.pipedrive.notices import MalformedError, Notice, notice_of
from crm_ingest.settings import PipedriveSettings
from tandem.contracts.activities import ActivityHinted
from tandem.contracts.topics import CRM_HINTS
from tandem.runtime import metrics
from tandem.runtime.app import Runtime
from tandem.runtime.failures import is_retryable
from tandem.runtime.publisher import outgoing
from tandem.runtime.secrets import same_secret
from tandem.runtime.telemetry import span

BODY_BYTES_MAX: Final = 256 * 1024
PUBLISH_S_MAX: Final = 5.0
"""Pipedrive gives up after 10 seconds."""
_STATUS: Final = {
    "accepted": 200,
    "ignored": 200,
    "unauthorized": 401,
    "too_large": 413,
    "malformed": 400,
    "unavailable": 503,
}


class PipedriveWebhook:
    """The endpoint."""

    def __init__(self, runtime: Runtime, settings: PipedriveSettings) -> None:
        self._runtime = runtime
        self._expected = (
            f"{settings.pipedrive_webhook_user}:"
            f"{settings.pipedrive_webhook_password.get_secret_value()}"
        )
        for result in _STATUS:
            metrics.WEBHOOKS.labels("pipedrive", result)

    async def take(self, request: Request) -> Response:
        """Answer a webhook: 2xx once its hint is safe, 4xx where it is not ours, 503 for later."""
        result = await self._taken(request)
        metrics.WEBHOOKS.labels("pipedrive", result).inc()
        headers = {"www-authenticate": "Basic"} if result == "unauthorized" else None
        return Response(status_code=_STATUS[result], headers=headers)

    async def _taken(self, request: Request) -> str:
        if not same_secret(_credentials(request), self._expected):
            return "unauthorized"
        body = await _body(request)
        if body is None:
            return "too_large"
        try:
            notice = notice_of(body)
        except MalformedError:
            return "malformed"
        if notice is None:
            return "ignored"
        with span("webhook.pipedrive", kind=SpanKind.SERVER):
            try:
                async with asyncio.timeout(PUBLISH_S_MAX):
                    await self._hint(notice)
            except Exception as error:
                if not is_retryable(error):
                    raise
                return "unavailable"
        return "accepted"

    async def _hint(self, notice: Notice) -> None:
        hint = ActivityHinted(
            message_id=self._runtime.new_id(),
            occurred_at=self._runtime.clock.now(),
            company_id=notice.company_id,
            activity_id=notice.activity_id,
            user_id=notice.owner_id,
        )
        await self._runtime.publisher.publish([outgoing(CRM_HINTS, hint)])


def _credentials(request: Request) -> str | None:
    """User and password of Basic authentication, joined by a colon."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(given.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return None


async def _body(request: Request) -> bytes | None:
    """The body; None where it is larger than any webhook, whatever its headers say."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            return None
    return bytes(body)
