"""Refreshes Microsoft's access tokens; each refresh gives a new refresh token, which is kept."""

import httpx

from calendar_ingest.adapters.token_refresh import OAuthRefresh, OAuthServer
from calendar_ingest.settings import MicrosoftSettings
from tandem.runtime.clock import Clock


class TokenRefresh(OAuthRefresh):
    """Asks Microsoft for a new access token."""

    def __init__(self, http: httpx.AsyncClient, settings: MicrosoftSettings, clock: Clock) -> None:
        server = OAuthServer(
            provider="microsoft",
            token_url=settings.microsoft_token_url,
            client_id=settings.microsoft_client_id,
            client_secret=settings.microsoft_client_secret,
        )
        super().__init__(http, server, clock)
