"""Tells subscribers that something changed, and asks their addresses whether they want it.

An address is taken only if it gives back the token that it is sent, within ten seconds. What is
told of a change is its id, never its content.
"""

import json
import secrets
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx

from tandem_sandbox.delivery import Delivery, DeliveryResult
from tandem_sandbox.microsoft import errors, ids, times
from tandem_sandbox.microsoft.model import Calendar, Event
from tandem_sandbox.microsoft.representation import etag
from tandem_sandbox.microsoft.subscriptions import Subscription
from tandem_sandbox.world import World

HANDSHAKE_S_MAX = 10.0
ATTEMPTS_MAX = 6
TENANT = "84bd8158-6d4d-4958-8b9f-9d6445542f95"


class Notifier:
    """Posts notices and lifecycle notices."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._state = world.microsoft

    async def shake_hands(self, url: str) -> None:
        """Ask an address for the token that it is sent.

        Raises:
            GraphError: it does not give it back.
        """
        token = f"Validation: Testing client application reachability {secrets.token_hex(8)}"
        join = "&" if "?" in url else "?"
        try:
            async with httpx.AsyncClient(timeout=HANDSHAKE_S_MAX) as client:
                answer = await client.post(
                    f"{url}{join}validationToken={quote(token)}",
                    headers={"content-type": "text/plain; charset=utf-8"},
                )
        except (httpx.HTTPError, httpx.InvalidURL):
            raise errors.invalid(
                "Subscription validation request timed out.", "ValidationError"
            ) from None
        kind = answer.headers.get("content-type", "")
        if answer.status_code != httpx.codes.OK or answer.text != token or "text/plain" not in kind:
            raise errors.invalid("Subscription validation request failed.", "ValidationError")

    def changed(self, calendar: Calendar, event: Event, kind: str) -> None:
        """Tell those who watch the events of a calendar."""
        for one in self._state.subscriptions.watching(calendar.key, kind, self._world.clock.now()):
            event_id = ids.event_id(event.key, immutable=one.immutable)
            mailbox = self._state.mailboxes[one.email]
            path = f"Users/{mailbox.user_id}/Events/{event_id}"
            self._post(
                one,
                one.notification_url,
                {
                    "changeType": kind,
                    "resource": path,
                    "resourceData": {
                        "@odata.type": "#Microsoft.Graph.Event",
                        "@odata.id": path,
                        "@odata.etag": etag(event),
                        "id": event_id,
                    },
                },
            )

    def lifecycle(self, subscription: Subscription, kind: str) -> None:
        """Tell of the subscription itself; one that was removed exists no more."""
        if kind == "subscriptionRemoved":
            self._state.subscriptions.by_id.pop(subscription.id, None)
        if subscription.lifecycle_url:
            self._post(subscription, subscription.lifecycle_url, {"lifecycleEvent": kind})

    def _post(self, subscription: Subscription, url: str, notice: dict[str, Any]) -> None:
        body = {
            "subscriptionId": subscription.id,
            "subscriptionExpirationDateTime": times.in_utc(subscription.expires_at),
            "clientState": subscription.client_state,
            "tenantId": TENANT,
            **notice,
        }
        self._world.deliveries.enqueue(
            Delivery(
                provider="microsoft",
                subscription=f"microsoft:{subscription.id}",
                url=url,
                headers={"content-type": "application/json"},
                body=json.dumps({"value": [body]}).encode(),
                account=subscription.email,
                on_result=self._answered,
            )
        )

    def _answered(self, result: DeliveryResult) -> None:
        """Try again until the receiver takes it, a few times."""
        delivery = result.delivery
        if not result.accepted and delivery.attempt < ATTEMPTS_MAX:
            self._world.deliveries.enqueue(
                replace(delivery, attempt=delivery.attempt + 1),
                delay_seconds=float(2**delivery.attempt),
            )
