"""The company's webhook that leads to us: API v1, which is the only one that has webhooks."""

import hashlib
from typing import Any, Final

from crm_ingest.adapters.pipedrive.client import Json, MissingError, PipedriveClient
from crm_ingest.crm import Account, Subscription
from crm_ingest.settings import PipedriveSettings

PATH: Final = "/api/v1/webhooks"
NAME: Final = "Tandem calendar sync"
EVENTS: Final = {"event_action": "*", "event_object": "activity", "version": "2.0"}
_SUCCESSES: Final = range(200, 300)


class PipedriveSubscriptions:
    """Lists, makes and removes webhooks."""

    def __init__(self, client: PipedriveClient, settings: PipedriveSettings) -> None:
        self._client = client
        self._settings = settings

    @property
    def terms(self) -> str:
        """See `Subscriptions`; Pipedrive shows no password, so it is compared by this digest."""
        parts = (
            self._settings.pipedrive_webhook_url,
            self._settings.pipedrive_webhook_user,
            self._settings.pipedrive_webhook_password.get_secret_value(),
            *EVENTS.values(),
        )
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    async def ours(self, account: Account) -> tuple[Subscription, ...]:
        """See `Subscriptions`."""
        answer = await self._client.read(account, "webhooks.list", PATH)
        return tuple(
            Subscription(str(one["id"]), _works(one))
            for one in answer.get("data") or ()
            if one.get("subscription_url") == self._settings.pipedrive_webhook_url
        )

    async def create(self, account: Account) -> Subscription:
        """See `Subscriptions`."""
        body: Json = {
            **EVENTS,
            "subscription_url": self._settings.pipedrive_webhook_url,
            "name": NAME,
            "http_auth_user": self._settings.pipedrive_webhook_user,
            "http_auth_password": self._settings.pipedrive_webhook_password.get_secret_value(),
        }
        answer = await self._client.write(account, "webhooks.create", "POST", PATH, body)
        return Subscription(str(answer["data"]["id"]), working=True)

    async def delete(self, account: Account, webhook_id: str) -> None:
        """See `Subscriptions`."""
        try:
            await self._client.write(account, "webhooks.delete", "DELETE", f"{PATH}/{webhook_id}")
        except MissingError:
            return


def _works(webhook: dict[str, Any]) -> bool:
    """Active, for all events of the right version, and its last delivery was taken.

    A subscription that met failures may be banned for half an hour; a new one is not.
    """
    if not webhook.get("is_active"):
        return False
    if any(str(webhook.get(name)) != value for name, value in EVENTS.items()):
        return False
    last = webhook.get("last_http_status")
    return last is None or last in _SUCCESSES
