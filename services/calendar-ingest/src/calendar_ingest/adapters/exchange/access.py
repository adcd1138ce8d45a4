"""Puts the Exchange adapter together."""

from datetime import timedelta

from calendar_ingest.adapters.exchange.calendars import ExchangeCalendars
from calendar_ingest.adapters.exchange.client import ExchangeClient
from calendar_ingest.adapters.exchange.push import ExchangePush
from calendar_ingest.adapters.exchange.series import ExchangeRecurring
from calendar_ingest.calendars import Access
from calendar_ingest.settings import ExchangeSettings
from tandem.runtime.clock import Clock


def exchange_access(client: ExchangeClient, settings: ExchangeSettings, *, clock: Clock) -> Access:
    """Exchange servers, as this installation reaches them."""
    return Access(
        calendars=ExchangeCalendars(client, clock),
        push=ExchangePush(
            client,
            address=settings.exchange_webhook_url,
            ttl=timedelta(seconds=settings.exchange_channel_ttl_s),
            clock=clock,
        ),
        recurring=ExchangeRecurring(client),
    )
