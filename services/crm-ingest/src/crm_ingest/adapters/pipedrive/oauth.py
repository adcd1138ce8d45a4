"""Refreshes Pipedrive's access tokens; the refresh token stays the same and lives on.

Only the provider's word on this grant loses it: trouble with our own client id, or bad weather,
never does.
"""

import httpx

from crm_ingest.settings import PipedriveSettings
from tandem.runtime import metrics
from tandem.runtime.answers import object_of
from tandem.runtime.clock import Clock
from tandem.runtime.credential_store import Credential, GrantLostError
from tandem.runtime.failures import Retryable
from tandem.runtime.oauth_answers import MISCONFIGURED_PAUSE_S, refreshed


class TokenRefresh:
    """Asks for a new access token; called by the credential store under its row lock."""

    def __init__(self, http: httpx.AsyncClient, settings: PipedriveSettings, clock: Clock) -> None:
        self._http = http
        self._settings = settings
        self._clock = clock

    async def __call__(self, credential: Credential) -> Credential:
        """The credential with a fresh access token.

        Raises:
            GrantLostError: the grant is revoked or has expired.
            Retryable: the token endpoint does not answer properly.
        """
        secret = credential.refresh_token.get_secret_value()
        if not secret:
            raise GrantLostError("pipedrive refused the API token")
        try:
            response = await self._http.post(
                self._settings.pipedrive_token_url,
                data={"grant_type": "refresh_token", "refresh_token": secret},
                auth=(
                    self._settings.pipedrive_client_id,
                    self._settings.pipedrive_client_secret.get_secret_value(),
                ),
            )
        except httpx.HTTPError as error:
            _count("unavailable")
            raise Retryable(f"pipedrive token endpoint: {type(error).__name__}") from error
        answer = object_of(response) or {}
        status = httpx.codes(response.status_code)
        if status in {httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED}:
            if answer.get("error") == "invalid_client":
                _count("misconfigured")
                raise Retryable(
                    "pipedrive token endpoint: PIPEDRIVE_CLIENT_ID or _SECRET is wrong",
                    retry_after_s=MISCONFIGURED_PAUSE_S,
                )
            _count("lost")
            raise GrantLostError("pipedrive has revoked the grant")
        fresh = refreshed(credential, answer, now=self._clock.now())
        if not response.is_success or fresh is None:
            _count("unavailable")
            raise Retryable(f"pipedrive token endpoint: status {response.status_code}")
        _count("ok")
        return fresh


def _count(result: str) -> None:
    metrics.PROVIDER_CALLS.labels("pipedrive", "token.refresh", result).inc()
