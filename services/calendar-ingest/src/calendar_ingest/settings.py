"""What calendar-ingest needs to be told by its environment."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode

from tandem.runtime.settings import CredentialSettings, EnvironmentSettings, RuntimeSettings


def _names(value: object) -> object:
    """Names separated by commas as a set."""
    if not isinstance(value, str):
        return value
    return frozenset(name.strip().lower() for name in value.split(",") if name.strip())


class GoogleSettings(EnvironmentSettings):
    """How this installation is known at Google."""

    google_api_url: str
    """Base address of the Calendar API, such as `https://www.googleapis.com/calendar/v3/`."""

    google_token_url: str
    """Token endpoint of Google's OAuth server."""

    google_client_id: str
    """Client id of the OAuth client."""

    google_client_secret: SecretStr
    """Client secret of the OAuth client."""

    google_webhook_url: str
    """Public address of our `POST /webhooks/google`, given to Google as it is."""

    google_user_requests_per_minute: Annotated[int, Field(ge=10)] = 600
    """Quota units that Google grants per user and minute."""

    google_project_requests_per_minute: Annotated[int, Field(ge=10)] = 10_000
    """Quota units that Google grants to this installation per minute."""

    channel_ttl_s: Annotated[int, Field(ge=60, le=2_592_000)] = 604_800
    """Seconds that a push channel is asked to live; Google may grant less."""

    allow_plain_http: bool = False
    """Whether Google's addresses may be plain HTTP (sandbox and tests only)."""

    @model_validator(mode="after")
    def _encrypted(self) -> "GoogleSettings":
        for name in ("google_api_url", "google_token_url", "google_webhook_url"):
            address = getattr(self, name)
            if not address.startswith(("http://", "https://")):
                raise ValueError(f"{name.upper()}: must be a web address")
            if address.startswith("http://") and not self.allow_plain_http:
                raise ValueError(f"{name.upper()}: must be https (ALLOW_PLAIN_HTTP is off)")
        return self


class MicrosoftSettings(EnvironmentSettings):
    """How this installation is known at Microsoft; no client id: it offers no such accounts."""

    microsoft_api_url: str = "https://graph.microsoft.com/v1.0/"
    """Base address of Microsoft Graph."""

    microsoft_token_url: str = "https://login.microsoftonline.com/common/oauth2/v2.0/token"  # noqa: S105 - an address
    """Token endpoint of Microsoft's OAuth server."""

    microsoft_client_id: str = ""
    """Client id of the Entra application; empty: Microsoft accounts are not offered."""

    microsoft_client_secret: SecretStr = SecretStr("")
    """Client secret of the Entra application."""

    microsoft_webhook_url: str = ""
    """Public address of our `POST /webhooks/microsoft`; that of lifecycle notices lies below it."""

    microsoft_subscription_s: Annotated[int, Field(ge=2_700, le=604_800)] = 604_800
    """Seconds that a subscription is asked to live; Microsoft may grant less."""

    @model_validator(mode="after")
    def _whole(self) -> "MicrosoftSettings":
        plain = bool(getattr(self, "allow_plain_http", False))
        for name in ("microsoft_api_url", "microsoft_token_url", "microsoft_webhook_url"):
            address = getattr(self, name)
            if not self.microsoft_client_id and not address:
                continue
            if not address.startswith(("http://", "https://")):
                raise ValueError(f"{name.upper()}: must be a web address")
            if address.startswith("http://") and not plain:
                raise ValueError(f"{name.upper()}: must be https (ALLOW_PLAIN_HTTP is off)")
        if self.microsoft_client_id and not self.microsoft_client_secret.get_secret_value():
            raise ValueError("MICROSOFT_CLIENT_SECRET: is needed with MICROSOFT_CLIENT_ID")
        return self


class ExchangeSettings(EnvironmentSettings):
    """How Exchange servers on premises are reached."""

    exchange_webhook_url: str = ""
    """Our `POST /webhooks/exchange` as the servers reach it; empty: only sweeps find changes."""

    exchange_ca_file: Path | None = None
    """PEM file of a private authority that signs the servers' certificates."""

    exchange_autodiscover_url: str = ""
    """Autodiscover service that is asked instead of the ones that an address' domain names."""

    exchange_servers: Annotated[frozenset[str], NoDecode, BeforeValidator(_names)] = frozenset()
    """Hosts that accounts may be at, separated by commas; empty: any."""

    exchange_channel_ttl_s: Annotated[int, Field(ge=60, le=2_592_000)] = 86_400
    """Seconds after which a push subscription is replaced by a new one."""

    exchange_threads_max: Annotated[int, Field(ge=1, le=200)] = 16
    """Calls to Exchange servers that one process makes at a time."""

    exchange_calls_per_server_max: Annotated[int, Field(ge=1, le=27)] = 8
    """Of these, calls to one server at a time."""

    allow_plain_http: bool = False
    """Whether servers may be reached by plain HTTP (sandbox and tests only)."""


class PaceSettings(EnvironmentSettings):
    """How often and how much at a time."""

    sweep_interval_s: Annotated[float, Field(ge=1, le=86_400)] = 300
    """Seconds between two readings of a calendar of which nothing was heard."""

    sweep_quiet_interval_s: Annotated[float, Field(ge=1, le=86_400)] = 300
    """The same where pushes are known to come, reached as the time since the last one grows."""

    reads_max: Annotated[int, Field(ge=1, le=100)] = 8
    """Calendars that one process reads at a time."""

    writes_max: Annotated[int, Field(ge=1, le=100)] = 8
    """Mailboxes that one process writes to at a time."""


class Settings(
    RuntimeSettings,
    CredentialSettings,
    GoogleSettings,
    MicrosoftSettings,
    ExchangeSettings,
    PaceSettings,
):
    """All settings of the service."""
