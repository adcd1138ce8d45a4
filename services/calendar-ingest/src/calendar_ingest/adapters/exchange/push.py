"""Exchange's push subscriptions; see the port `calendar_ingest.calendars.Push`.

The server posts to our address. It is told to end a subscription only in our answer to a notice,
so closing one is left to that answer: see `calendar_ingest.exchange_webhook`.
"""

from datetime import timedelta
from urllib.parse import urlencode

from calendar_ingest.adapters.exchange.client import ExchangeClient
from calendar_ingest.calendars import Account, Calendar, Channel, RefusedError, UnwatchableError
from tandem.runtime.clock import Clock


class ExchangePush:
    """Opens subscriptions that post to `address`, renewed after `ttl`; none without an address."""

    def __init__(
        self, client: ExchangeClient, *, address: str, ttl: timedelta, clock: Clock
    ) -> None:
        self._client = client
        self._address = address
        self._ttl = ttl
        self._clock = clock

    async def subscribe(self, calendar: Calendar, *, channel_id: str, secret: str) -> Channel:
        """Open a channel; see the port."""
        if not self._address:
            raise UnwatchableError("Exchange servers cannot reach this installation")
        address = f"{self._address}?{urlencode({'channel': channel_id, 'secret': secret})}"
        try:
            subscription_id = await self._client.call(
                calendar.account,
                "Subscribe",
                lambda mailbox: mailbox.subscribe(calendar.calendar_id, address),
            )
        except RefusedError as error:
            raise UnwatchableError(str(error)) from error
        return Channel(channel_id, subscription_id, self._clock.now() + self._ttl)

    async def renew(self, _calendar: Calendar, _channel: Channel) -> Channel | None:
        """A new subscription takes the place of the old one."""
        return None

    async def unsubscribe(self, _account: Account, _channel: Channel) -> None:
        """The answer to the next notice ends it."""
