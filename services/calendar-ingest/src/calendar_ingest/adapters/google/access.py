"""Puts the Google adapter together."""

from datetime import timedelta

import httpx

from calendar_ingest.adapters.google.batches import REQUESTS_MAX
from calendar_ingest.adapters.google.budget import Budget
from calendar_ingest.adapters.google.calendars import GoogleCalendars
from calendar_ingest.adapters.google.client import GoogleClient
from calendar_ingest.adapters.google.push import GooglePush
from calendar_ingest.adapters.google.series import GoogleRecurring
from calendar_ingest.adapters.tokens import Tokens
from calendar_ingest.calendars import Access
from calendar_ingest.settings import GoogleSettings
from tandem.runtime.clock import Clock


def google_access(
    http: httpx.AsyncClient, settings: GoogleSettings, *, tokens: Tokens, clock: Clock
) -> Access:
    """Google Calendar, as this installation reaches it."""
    client = GoogleClient(
        http,
        api_url=settings.google_api_url,
        tokens=tokens,
        budget=Budget(
            clock,
            user_per_minute=settings.google_user_requests_per_minute,
            project_per_minute=settings.google_project_requests_per_minute,
        ),
        clock=clock,
    )
    return Access(
        calendars=GoogleCalendars(client, clock),
        push=GooglePush(
            client,
            address=settings.google_webhook_url,
            ttl=timedelta(seconds=settings.channel_ttl_s),
            clock=clock,
        ),
        recurring=GoogleRecurring(client),
        backfill_at_once=REQUESTS_MAX,
    )
