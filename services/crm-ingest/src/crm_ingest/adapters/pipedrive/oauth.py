"""Refreshes Pipedrive's access tokens; the refresh token stays the same and lives on.

Only the provider's word on this grant loses it: trouble with our own client id, or bad weather,
never does.
"""

from datetime import timedelta
from typing import Any, Final

import httpx
from pydantic import SecretStr

from crm_ingest.settings import PipedriveSettings
from tandem.runtime import metrics
from tandem.runtime.clock import Clock
from tandem.runtime.credential_store import Credential, GrantLostError
from tandem.runtime.failures import Retryable

EXPIRES_S_DEFAULT: Final = 3599
MISCONFIGURED_PAUSE_S: Final = 60.0


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
        answer = _object(response)
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
        token = answer.get("access_token")
        if not response.is_success or not isinstance(token, str) or not token:
            _count("unavailable")
            raise Retryable(f"pipedrive token endpoint: status {response.status_code}")
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
    metrics.PROVIDER_CALLS.labels("pipedrive", "token.refresh", result).inc()
