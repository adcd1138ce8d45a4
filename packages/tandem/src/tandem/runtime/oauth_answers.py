"""What a token endpoint's answer means (RFC 6749, 5.1), the same for every provider."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import SecretStr

from tandem.runtime.credential_store import Credential

EXPIRES_S_DEFAULT: Final = 3599
MISCONFIGURED_PAUSE_S: Final = 60.0
"""How long a refusal of our own client id is left alone."""


def refreshed(
    credential: Credential, answer: Mapping[str, Any], *, now: datetime
) -> Credential | None:
    """The credential with its new access token; None where the answer holds none.

    The refresh token stays the same unless another came along.
    """
    token = access_token_of(answer)
    if token is None:
        return None
    lasting = credential.refresh_token.get_secret_value()
    return credential.model_copy(
        update={
            "access_token": token,
            "refresh_token": SecretStr(str(answer.get("refresh_token") or lasting)),
            "expires_at": now + timedelta(seconds=lifetime_s(answer)),
        }
    )


def access_token_of(answer: Mapping[str, Any]) -> SecretStr | None:
    """The access token of an answer, if it has one."""
    token = answer.get("access_token")
    return SecretStr(token) if isinstance(token, str) and token else None


def lifetime_s(answer: Mapping[str, Any]) -> int:
    """How long the access token holds."""
    told = answer.get("expires_in")
    return told if isinstance(told, int) and told > 0 else EXPIRES_S_DEFAULT
