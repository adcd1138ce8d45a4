"""Refreshes access tokens at a provider's OAuth server.

Only the provider's word on this grant loses it: trouble with our own client id, or bad weather,
never does.
"""

from dataclasses import dataclass
from typing import Final

import httpx
from pydantic import SecretStr

from tandem.runtime import metrics
from tandem.runtime.answers import object_of
from tandem.runtime.clock import Clock
from tandem.runtime.credential_store import Credential, GrantLostError
from tandem.runtime.failures import Retryable
from tandem.runtime.oauth_answers import MISCONFIGURED_PAUSE_S, refreshed

_OURS: Final = {"invalid_client", "unauthorized_client"}
_LOST: Final = {"invalid_grant", "interaction_required", "consent_required"}


@dataclass(frozen=True)
class OAuthServer:
    """A provider's token endpoint, and how we are known there."""

    provider: str
    token_url: str
    client_id: str
    client_secret: SecretStr


class OAuthRefresh:
    """Asks for a new access token; called by the credential store under its row lock."""

    def __init__(self, http: httpx.AsyncClient, server: OAuthServer, clock: Clock) -> None:
        self._http = http
        self._server = server
        self._clock = clock

    async def __call__(self, credential: Credential) -> Credential:
        """The credential with a fresh access token, and the refresh token that came with it.

        Raises:
            GrantLostError: the grant is revoked or has expired.
            Retryable: the token endpoint does not answer properly.
        """
        server = self._server
        secret = credential.refresh_token.get_secret_value()
        if not secret:
            raise GrantLostError(f"{server.provider} granted no lasting access")
        try:
            response = await self._http.post(
                server.token_url,
                data={
                    "grant_type": "refresh_token",
                    "refresh_token": secret,
                    "client_id": server.client_id,
                    "client_secret": server.client_secret.get_secret_value(),
                },
            )
        except httpx.HTTPError as error:
            self._count("unavailable")
            raise Retryable(f"{server.provider} token endpoint: {type(error).__name__}") from error
        answer = object_of(response) or {}
        if answer.get("error") in _OURS:
            self._count("misconfigured")
            name = server.provider.upper()
            raise Retryable(
                f"{server.provider} token endpoint: {name}_CLIENT_ID or _SECRET is wrong",
                retry_after_s=MISCONFIGURED_PAUSE_S,
            )
        if answer.get("error") in _LOST:
            self._count("lost")
            raise GrantLostError(f"{server.provider} has revoked the grant")
        fresh = refreshed(credential, answer, now=self._clock.now())
        if not response.is_success or fresh is None:
            self._count("unavailable")
            raise Retryable(f"{server.provider} token endpoint: status {response.status_code}")
        self._count("ok")
        return fresh

    def _count(self, result: str) -> None:
        metrics.PROVIDER_CALLS.labels(self._server.provider, "token.refresh", result).inc()
