"""Refreshes Google's access tokens; the refresh token stays the same.

Only the provider's word on this grant loses it: trouble with our own client id, or bad weather,
never does.
"""

from datetime import timedelta
from typing import Any, Final

import httpx
from pydantic import SecretStr

from calendar_ingest.settings import GoogleSettings
from tandem.runtime import metrics
from tandem.runtime.clock import Clock
from tandem.runtime.credential_store import Credential, GrantLostError
from tandem.runtime.failures import Retryable

EXPIRES_S_DEFAULT: Final = 3599
MISCONFIGURED_PAUSE_S: Final = 60.0
_OURS: Final = {"invalid_client", "unauthorized_client"}


class TokenRefresh:
    """Asks for a new access token; called by the credential store under its row lock."""

    def __init__(self, http: httpx.AsyncClient, settings: GoogleSettings, clock: Clock) -> None:
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
            raise GrantLostError("google granted no lasting access")
        try:
            response = await self._http.post(
                self._settings.google_token_url,
                data={
                    "grant_type": "refresh_token",
                    "refresh_token": secret,
                    "client_id": self._settings.google_client_id,
                    "client_secret": self._settings.google_client_secret.get_secret_value(),
                },
            )
        except httpx.HTTPError as error:
            _count("unavailable")
            raise Retryable(f"google token endpoint: {type(error).__name__}") from error
        answer = _object(response)
        if answer.get("error") in _OURS:
            _count("misconfigured")
            raise Retryable(
                "google token endpoint: GOOGLE_CLIENT_ID or _SECRET is wrong",
                retry_after_s=MISCONFIGURED_PAUSE_S,
            )
        if answer.get("error") == "invalid_grant":
            _count("lost")
            raise GrantLostError("google has revoked the grant")
        token = answer.get("access_token")
        if not response.is_success or not isinstance(token, str) or not token:
            _count("unavailable")
            raise Retryable(f"google token endpoint: status {response.status_code}")
        _count("ok")
        return credential.model_copy(
            update={
                "access_token": SecretStr(token),
                "refresh_token": SecretStr(str(answer.get("refresh_token") or secret)),
                "expires_at": self._clock.now() + timedelta(seconds=_lifetime_s(answer)),
            }
        )


def _lifetime_s(answer: dict[str, Any]) -> int:
    told = answer.get("expires_in")
    return told if isinstance(told, int) and told > 0 else EXPIRES_S_DEFAULT


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _count(result: str) -> None:
    metrics.PROVIDER_CALLS.labels("google", "token.refresh", result).inc()
