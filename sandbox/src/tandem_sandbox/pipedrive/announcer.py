"""Tells subscribers of changes: webhooks v2 with their retries, bans and end.

A delivery that fails is tried again after 3, 30 and 150 seconds. Ten first tries that fail in a row
bring a ban of 30 minutes, in which events are lost; three days without success the end.
"""

import base64
import json
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import uuid4

from tandem_sandbox.delivery import Delivery, DeliveryResult
from tandem_sandbox.pipedrive.ask import Ask
from tandem_sandbox.pipedrive.model import Activity, Webhook
from tandem_sandbox.pipedrive.representation import hooked_activity
from tandem_sandbox.pipedrive.state import Company
from tandem_sandbox.world import World

RETRY_AFTER_S: Final = (3.0, 30.0, 150.0)
FAILURES_BEFORE_BAN: Final = 10
BAN: Final = timedelta(minutes=30)
SUCCESS_WITHIN: Final = timedelta(days=3)


class Announcer:
    """Posts what happened to whoever asked to be told."""

    def __init__(self, world: World) -> None:
        self._world = world

    def created(self, ask: Ask, activity: Activity) -> None:
        """An activity was made."""
        self._tell(ask, "create", activity, hooked_activity(activity), None)

    def changed(self, ask: Ask, before: Activity, after: Activity) -> None:
        """An activity was changed; only the fields that differ are told of the former state."""
        shown, former = hooked_activity(after), hooked_activity(before)
        previous = {name: value for name, value in former.items() if value != shown[name]}
        self._tell(ask, "change", after, shown, previous)

    def deleted(self, ask: Ask, activity: Activity) -> None:
        """An activity was deleted."""
        self._tell(ask, "delete", activity, None, hooked_activity(activity))

    def _tell(
        self,
        ask: Ask,
        action: str,
        activity: Activity,
        data: dict[str, Any] | None,
        previous: dict[str, Any] | None,
    ) -> None:
        company, now = ask.company, self._world.clock.now()
        correlation = str(uuid4())
        for webhook in list(company.webhooks.values()):
            if not self._hears(webhook, action, now):
                continue
            meta = {
                "action": action,
                "entity": "activity",
                "entity_id": str(activity.id),
                "company_id": str(company.id),
                "user_id": str(ask.user.id),
                "id": str(uuid4()),
                "correlation_id": correlation,
                "is_bulk_edit": False,
                "timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "type": "general",
                "version": "2.0",
                "webhook_id": str(webhook.id),
                "webhook_owner_id": str(webhook.owner_id),
                "change_source": "api",
                "host": f"{company.domain}.pipedrive.com",
                "permitted_user_ids": [str(user_id) for user_id in company.users],
            }
            self._post(company, webhook, {"data": data, "previous": previous, "meta": meta}, 1)

    def _hears(self, webhook: Webhook, action: str, now: datetime) -> bool:
        return (
            webhook.is_active
            and webhook.event_action in {"*", action}
            and webhook.event_object in {"*", "activity"}
            and (webhook.banned_until is None or webhook.banned_until <= now)
        )

    def _post(self, company: Company, webhook: Webhook, body: dict[str, Any], attempt: int) -> None:
        headers = {"content-type": "application/json", "user-agent": "Pipedrive Webhooks"}
        if webhook.http_auth_user is not None:
            pair = f"{webhook.http_auth_user}:{webhook.http_auth_password or ''}"
            headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        told = {**body, "meta": {**body["meta"], "attempt": attempt}}
        owner = company.users.get(webhook.owner_id)
        delivery = Delivery(
            provider="pipedrive",
            subscription=f"pipedrive:{company.id}:{webhook.id}",
            url=webhook.subscription_url,
            headers=headers,
            body=json.dumps(told).encode(),
            account=owner.email if owner else None,
            attempt=attempt,
            on_result=partial(self._ended, company, webhook, body),
        )
        delay = RETRY_AFTER_S[attempt - 2] if attempt > 1 else 0.0
        self._world.deliveries.enqueue(delivery, delay_seconds=delay)

    def _ended(
        self, company: Company, webhook: Webhook, body: dict[str, Any], result: DeliveryResult
    ) -> None:
        now = self._world.clock.now()
        attempt = result.delivery.attempt
        webhook.last_delivery_time = now
        webhook.last_http_status = result.status
        if result.accepted:
            webhook.last_success = now
            webhook.first_try_failures = 0
            return
        if attempt == 1:
            webhook.first_try_failures += 1
            if webhook.first_try_failures >= FAILURES_BEFORE_BAN:
                webhook.banned_until = now + BAN
                webhook.first_try_failures = 0
        if (webhook.last_success or webhook.add_time) + SUCCESS_WITHIN <= now:
            company.webhooks.pop(webhook.id, None)
        elif attempt <= len(RETRY_AFTER_S) and webhook.id in company.webhooks:
            self._post(company, webhook, body, attempt + 1)
