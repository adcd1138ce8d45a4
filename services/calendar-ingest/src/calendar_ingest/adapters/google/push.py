"""Google's push channels on a calendar's events; see the port `calendar_ingest.calendars.Push`.

A channel can not be prolonged: a new one is opened before the old one is closed.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import httpx

from calendar_ingest.adapters.google.client import GoogleClient, GoogleError
from calendar_ingest.calendars import Account, Calendar, Channel, UnwatchableError
from tandem.runtime.clock import Clock

_CLOSED_ALREADY: Final = {httpx.codes.NOT_FOUND, httpx.codes.GONE}


class GooglePush:
    """Opens and closes channels to `address`, for `ttl` each."""

    def __init__(self, client: GoogleClient, *, address: str, ttl: timedelta, clock: Clock) -> None:
        self._client = client
        self._address = address
        self._ttl = ttl
        self._clock = clock

    async def subscribe(self, calendar: Calendar, *, channel_id: str, secret: str) -> Channel:
        """Open a channel; see the port."""
        request = self._client.events.watch(
            calendarId=calendar.calendar_id,
            body={
                "id": channel_id,
                "type": "web_hook",
                "address": self._address,
                "token": secret,
                "params": {"ttl": str(int(self._ttl.total_seconds()))},
            },
        )
        try:
            answer = await self._client.call(calendar.account, "events.watch", request)
        except GoogleError as error:
            raise UnwatchableError(str(error)) from error
        return Channel(
            channel_id=channel_id,
            resource_id=str(answer.get("resourceId") or ""),
            expires_at=self._expiry(answer.get("expiration")),
        )

    async def renew(self, _calendar: Calendar, _channel: Channel) -> Channel | None:
        """Google knows no renewal."""
        return None

    async def unsubscribe(self, account: Account, channel: Channel) -> None:
        """Close a channel; see the port."""
        request = self._client.channels.stop(
            body={"id": channel.channel_id, "resourceId": channel.resource_id}
        )
        try:
            await self._client.call(account, "channels.stop", request)
        except GoogleError as error:
            if error.status not in _CLOSED_ALREADY:
                raise

    def _expiry(self, told_ms: str | None) -> datetime:
        """When the channel ends: Google tells milliseconds since 1970, as text."""
        if told_ms and str(told_ms).isdigit():
            return datetime.fromtimestamp(int(told_ms) / 1000, UTC)
        return self._clock.now() + self._ttl
