"""Graph's subscriptions to a calendar's events; see the port `calendar_ingest.calendars.Push`.

A subscription's `clientState` holds our channel's id and its secret, so that a notice tells both.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from calendar_ingest.adapters.microsoft.client import MicrosoftClient, MicrosoftError
from calendar_ingest.calendars import Account, Calendar, Channel, UnwatchableError
from tandem.runtime.clock import Clock

_ENDED: Final = {httpx.codes.NOT_FOUND, httpx.codes.GONE}


class MicrosoftPush:
    """Opens, prolongs and closes subscriptions to `address`, for `ttl` each as far as granted."""

    def __init__(
        self, client: MicrosoftClient, *, address: str, ttl: timedelta, clock: Clock
    ) -> None:
        self._client = client
        self._address = address
        self._ttl = ttl
        self._clock = clock

    async def subscribe(self, calendar: Calendar, *, channel_id: str, secret: str) -> Channel:
        """Open a channel; one that an earlier try left behind makes room for it."""
        requests = await self._client.requests()
        request = requests.subscribe(
            calendar.calendar_id,
            address=self._address,
            lifecycle_address=f"{self._address}/lifecycle",
            secret=f"{channel_id}.{secret}",
            expires_at=self._clock.now() + self._ttl,
        )
        try:
            answer = await self._client.call(calendar.account, "subscriptions.create", request)
        except MicrosoftError as error:
            if error.status != httpx.codes.CONFLICT:
                raise UnwatchableError(str(error)) from error
            await self._close_others(calendar)
            answer = await self._client.call(calendar.account, "subscriptions.create", request)
        return Channel(channel_id, str(answer.get("id") or ""), self._expiry(answer))

    async def renew(self, calendar: Calendar, channel: Channel) -> Channel | None:
        """Prolong a channel; None where Graph has ended it."""
        requests = await self._client.requests()
        request = requests.renew(channel.resource_id, self._clock.now() + self._ttl)
        try:
            answer = await self._client.call(calendar.account, "subscriptions.update", request)
        except MicrosoftError:
            return None
        return Channel(channel.channel_id, channel.resource_id, self._expiry(answer))

    async def unsubscribe(self, account: Account, channel: Channel) -> None:
        """Close a channel; see the port."""
        requests = await self._client.requests()
        request = requests.unsubscribe(channel.resource_id)
        try:
            await self._client.call(account, "subscriptions.delete", request)
        except MicrosoftError as error:
            if error.status not in _ENDED:
                raise

    async def _close_others(self, calendar: Calendar) -> None:
        requests = await self._client.requests()
        answer = await self._client.call(
            calendar.account, "subscriptions.list", requests.subscriptions()
        )
        resource = f"/calendars/{calendar.calendar_id}/events".lower()
        for one in answer.get("value") or ():
            if one.get("notificationUrl") == self._address and str(
                one.get("resource")
            ).lower().endswith(resource):
                await self._client.call(
                    calendar.account,
                    "subscriptions.delete",
                    requests.unsubscribe(str(one["id"])),
                )

    def _expiry(self, answer: dict[str, Any]) -> datetime:
        """When the channel ends, as Graph grants it."""
        told = str(answer.get("expirationDateTime") or "")
        head = told.rstrip("Z").partition(".")[0]
        return datetime.fromisoformat(head).replace(tzinfo=UTC)
