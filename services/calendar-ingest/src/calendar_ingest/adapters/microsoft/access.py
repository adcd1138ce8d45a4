"""Puts the Microsoft adapter together."""

from datetime import timedelta

import httpx

from calendar_ingest.adapters.microsoft.batches import REQUESTS_MAX
from calendar_ingest.adapters.microsoft.calendars import MicrosoftCalendars
from calendar_ingest.adapters.microsoft.client import MicrosoftClient
from calendar_ingest.adapters.microsoft.push import MicrosoftPush
from calendar_ingest.adapters.microsoft.series import MicrosoftRecurring
from calendar_ingest.adapters.tokens import Tokens
from calendar_ingest.calendars import Access
from calendar_ingest.settings import MicrosoftSettings
from tandem.runtime.clock import Clock


def microsoft_access(
    http: httpx.AsyncClient, settings: MicrosoftSettings, *, tokens: Tokens, clock: Clock
) -> Access:
    """Outlook.com and Office 365, as this installation reaches them."""
    client = MicrosoftClient(http, api_url=settings.microsoft_api_url, tokens=tokens, clock=clock)
    return Access(
        calendars=MicrosoftCalendars(client, clock),
        push=MicrosoftPush(
            client,
            address=settings.microsoft_webhook_url,
            ttl=timedelta(seconds=settings.microsoft_subscription_s),
            clock=clock,
        ),
        recurring=MicrosoftRecurring(client),
        backfill_at_once=REQUESTS_MAX,
    )
