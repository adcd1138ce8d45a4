"""Operations on webhooks (API v1): list, create, delete. At most 40 a user.

Only those of version 2.0 are told anything; the older form has no body here.
"""

from ipaddress import ip_address
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from tandem_sandbox.pipedrive.ask import Answer, Ask
from tandem_sandbox.pipedrive.errors import SubscriptionError
from tandem_sandbox.pipedrive.gate import Operation
from tandem_sandbox.pipedrive.model import Webhook
from tandem_sandbox.pipedrive.representation import v1_moment

PER_USER_MAX: Final = 40
_PATH: Final = "/api/v1/webhooks"


class _WebhookBody(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    subscription_url: str = Field(max_length=2048)
    event_action: Literal["create", "change", "delete", "*"]
    event_object: Literal[
        "activity",
        "deal",
        "lead",
        "note",
        "organization",
        "person",
        "pipeline",
        "product",
        "stage",
        "user",
        "*",
    ]
    name: str = Field(max_length=255)
    version: Literal["1.0", "2.0"] = "2.0"
    user_id: int | None = None
    http_auth_user: str | None = Field(default=None, max_length=255)
    http_auth_password: str | None = Field(default=None, max_length=255)


class Subscriptions:
    """Webhooks of a company; a user sees his own, an admin all of them."""

    def __init__(self, *, public_only: bool) -> None:
        self._public_only = public_only

    def operations(self) -> list[Operation]:
        """What can be done."""
        return [
            Operation("webhooks.list", "GET", _PATH, 10, self.list),
            Operation("webhooks.create", "POST", _PATH, 10, self.create),
            Operation("webhooks.delete", "DELETE", _PATH + "/{id:int}", 6, self.delete),
        ]

    def list(self, ask: Ask) -> Answer:
        """All webhooks that the caller may see."""
        seen = [one for one in ask.company.webhooks.values() if _may_see(ask, one)]
        return Answer([_shown(ask, one) for one in seen], more={"status": "ok"})

    def create(self, ask: Ask) -> Answer:
        """Subscribe; the address must be one that can be posted to."""
        body = ask.given(_WebhookBody)
        if not self._can_be_posted_to(body.subscription_url):
            raise SubscriptionError(400, "subscription_url", "invalid or non-reachable URL")
        user_id = ask.user.id if body.user_id is None else body.user_id
        if user_id not in ask.company.users:
            raise SubscriptionError(400, "user_id", "not found")
        own = [one for one in ask.company.webhooks.values() if one.owner_id == ask.user.id]
        if len(own) >= PER_USER_MAX:
            raise SubscriptionError(422, "user_id", f"can have at most {PER_USER_MAX} webhooks")
        number = ask.company.next_id("webhook")
        given = body.model_dump() | {"user_id": user_id}
        webhook = Webhook(id=number, owner_id=ask.user.id, add_time=ask.now, **given)
        ask.company.webhooks[number] = webhook
        return Answer(_shown(ask, webhook), status=201, more={"status": "ok"})

    def delete(self, ask: Ask) -> Answer:
        """Unsubscribe."""
        webhook = ask.company.webhooks.get(int(ask.path["id"]))
        if webhook is None or not _may_see(ask, webhook):
            raise SubscriptionError(404, "id", "not found")
        ask.company.drop_webhook(webhook.id)
        return Answer(None, more={"status": "ok"})

    def _can_be_posted_to(self, url: str) -> bool:
        try:
            address = urlsplit(url)
            _ = address.port
        except ValueError:
            return False
        if address.scheme not in {"http", "https"} or not address.hostname:
            return False
        return not self._public_only or _is_public(address.hostname)


def _is_public(host: str) -> bool:
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host.rstrip(".")


def _may_see(ask: Ask, webhook: Webhook) -> bool:
    return webhook.owner_id == ask.user.id or ask.user.is_admin


def _shown(ask: Ask, webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "company_id": ask.company.id,
        "owner_id": webhook.owner_id,
        "user_id": webhook.user_id,
        "event_action": webhook.event_action,
        "event_object": webhook.event_object,
        "subscription_url": webhook.subscription_url,
        "version": webhook.version,
        "is_active": int(webhook.is_active),
        "add_time": v1_moment(webhook.add_time),
        "remove_time": v1_moment(webhook.remove_time) if webhook.remove_time else None,
        "type": webhook.type,
        "http_auth_user": webhook.http_auth_user,
        "http_auth_password": "*****" if webhook.http_auth_password else None,
        "remove_reason": webhook.remove_reason,
        "last_delivery_time": v1_moment(webhook.last_delivery_time)
        if webhook.last_delivery_time
        else None,
        "last_http_status": webhook.last_http_status,
        "admin_id": webhook.owner_id,
        "name": webhook.name,
    }
