"""Refreshes Google's access tokens; the refresh token stays the same."""

import httpx

from calendar_ingest.adapters.token_refresh import OAuthRefresh, OAuthServer
from calendar_ingest.settings import GoogleSettings
from tandem.runtime.clock import Clock


class TokenRefresh(OAuthRefresh):
    """Asks Google for a new access token."""

    def __init__(self, http: httpx.AsyncClient, settings: GoogleSettings, clock: Clock) -> None:
        server = OAuthServer(
            provider="google",
            token_url=settings.google_token_url,
            client_id=settings.google_client_id,
            client_secret=settings.google_client_secret,
        )
        super().__init__(http, server, clock)
