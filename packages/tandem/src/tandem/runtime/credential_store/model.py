"""A credential as it is when opened. Its secrets show in no representation of it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, SecretStr, field_serializer

from tandem.runtime.failures import Permanent


class GrantLostError(Permanent):
    """The account's grant is revoked or expired; only the user can mend it."""


class CredentialKind(StrEnum):
    """What a credential opens."""

    PIPEDRIVE = "pipedrive"
    GOOGLE = "google"
    MICROSOFT = "microsoft"
    EXCHANGE = "exchange"


class Credential(BaseModel):
    """Tokens of an OAuth grant, or the password of an Exchange account.

    `account` is the account's address or user id at the provider; `api_url` is where its API is,
    for providers that tell (Pipedrive's `api_domain`, an Exchange server's endpoint).
    """

    model_config = ConfigDict(frozen=True)

    credential_id: UUID
    kind: CredentialKind
    account: str
    access_token: SecretStr = SecretStr("")
    refresh_token: SecretStr = SecretStr("")
    password: SecretStr = SecretStr("")
    api_url: str = ""
    expires_at: AwareDatetime | None = None
    lost: bool = False

    @field_serializer("access_token", "refresh_token", "password", when_used="json")
    def _reveal(self, value: SecretStr) -> str:
        """Only the sealed form is ever serialised."""
        return value.get_secret_value()

    def usable_at(self, moment: datetime) -> bool:
        """Whether the access token still holds at `moment`."""
        return bool(self.access_token.get_secret_value()) and (
            self.expires_at is None or self.expires_at > moment
        )
