"""Tells subscribers of changes: webhooks v2 with their retries, bans and end.

A delivery that fails is tried again after 3, 30 and 150 seconds. Ten first tries that fail in a row
bring a ban of 30 minutes, in which events are lost; three days without success the end.
What is not delivered yet is part of the state, so that a restart goes on with it.
"""

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Literal
from uuid import uuid4

from tandem_sandbox.delivery import Delivery, DeliveryResult
from tandem_sandbox.pipedrive.ask import Ask
from tandem_sandbox.pipedrive.model import Waiting, Webhook
from tandem_sandbox.pipedrive.state import Company
from tandem_sandbox.world import World

VERSION: Final = "2.0"
RETRY_AFTER_S: Final = (3.0, 30.0, 150.0)
FAILURES_BEFORE_BAN: Final = 10
BAN: Final = timedelta(minutes=30)
SUCCESS_WITHIN: Final = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to a record, in the words of webhooks; `seen_by` are ids of users."""

    action: Literal["create", "change", "delete"]
    entity: Literal["activity", "deal", "organization", "person"]
    entity_id: int
    after: dict[str, Any] | None
    before: dict[str, Any] | None
    seen_by: tuple[int, ...]

    def previous(self) -> dict[str, Any] | None:
        """The former state: all of it after a deletion, else the fields that are other now."""
        after, before = self.after, self.before
        if after is None or before is None:
            return before
        return {name: value for name, value in before.items() if value != after[name]}


class Announcer:
    """Posts what happened to whoever asked to be told."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.when_loaded(self.resume)

    def tell(self, ask: Ask, change: Change) -> None:
        """Post a change to every webhook that wants it and whose user may see the record."""
        company, now = ask.company, self._world.clock.now()
        shared = {
            "action": change.action,
            "entity": change.entity,
            "entity_id": str(change.entity_id),
            "company_id": str(company.id),
            "user_id": str(ask.user.id),
            "correlation_id": str(uuid4()),
            "is_bulk_edit": False,
            "timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "type": "general",
            "version": VERSION,
            "change_source": "api",
            "host": f"{company.domain}.pipedrive.com",
            "permitted_user_ids": [str(user_id) for user_id in change.seen_by],
        }
        previous = change.previous()
        for webhook in list(company.webhooks.values()):
            if _hears(webhook, change, now):
                meta = {
                    **shared,
                    "id": str(uuid4()),
                    "webhook_id": str(webhook.id),
                    "webhook_owner_id": str(webhook.owner_id),
                }
                body = {"data": change.after, "previous": previous, "meta": meta}
                self._post(company, webhook, body)

    def resume(self) -> None:
        """Go on with what waited when the state was kept."""
        now = self._world.clock.now()
        for company in self._world.pipedrive.companies.values():
            kept, company.waiting = company.waiting, {}
            for one in kept.values():
                webhook = company.webhooks.get(one.webhook_id)
                if webhook is not None:
                    delay = max((one.due - now).total_seconds(), 0.0)
                    self._post(company, webhook, one.body, attempt=one.attempt, delay=delay)

    def _post(
        self,
        company: Company,
        webhook: Webhook,
        body: dict[str, Any],
        *,
        attempt: int = 1,
        delay: float = 0.0,
    ) -> None:
        told = {**body, "meta": {**body["meta"], "attempt": attempt}}
        waiting = Waiting(
            webhook_id=webhook.id,
            body=body,
            attempt=attempt,
            due=self._world.clock.now() + timedelta(seconds=delay),
        )
        owner = company.users.get(webhook.owner_id)
        delivery = Delivery(
            provider="pipedrive",
            subscription=f"pipedrive:{company.id}:{webhook.id}",
            url=webhook.subscription_url,
            headers=_headers(webhook),
            body=json.dumps(told, separators=(",", ":")).encode(),
            account=owner.email if owner else None,
            attempt=attempt,
            wanted=lambda: webhook.id in company.webhooks,
            on_result=partial(self._ended, company, webhook, waiting),
        )
        if self._world.deliveries.enqueue(delivery, delay_seconds=delay):
            company.waiting[body["meta"]["id"]] = waiting

    def _ended(
        self, company: Company, webhook: Webhook, waiting: Waiting, result: DeliveryResult
    ) -> None:
        now, attempt = self._world.clock.now(), waiting.attempt
        company.waiting.pop(waiting.body["meta"]["id"], None)
        self._world.touch()
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
            company.drop_webhook(webhook.id)
        elif attempt <= len(RETRY_AFTER_S) and webhook.id in company.webhooks:
            delay = RETRY_AFTER_S[attempt - 1]
            self._post(company, webhook, waiting.body, attempt=attempt + 1, delay=delay)


def _hears(webhook: Webhook, change: Change, now: datetime) -> bool:
    return (
        webhook.is_active
        and webhook.version == VERSION
        and webhook.event_action in {"*", change.action}
        and webhook.event_object in {"*", change.entity}
        and webhook.user_id in change.seen_by
        and (webhook.banned_until is None or webhook.banned_until <= now)
    )


def _headers(webhook: Webhook) -> dict[str, str]:
    headers = {"content-type": "application/json", "user-agent": "Pipedrive Webhooks"}
    if webhook.http_auth_user is not None:
        pair = f"{webhook.http_auth_user}:{webhook.http_auth_password or ''}"
        headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    return headers
