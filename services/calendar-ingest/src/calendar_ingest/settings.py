"""What calendar-ingest needs to be told by its environment."""

from typing import Annotated

from pydantic import Field, SecretStr, model_validator

from tandem.runtime.settings import CredentialSettings, EnvironmentSettings, RuntimeSettings


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


class PaceSettings(EnvironmentSettings):
    """How often and how much at a time."""

    sweep_interval_s: Annotated[float, Field(ge=1, le=86_400)] = 300
    """Seconds between two readings of a calendar of which nothing was heard."""

    reads_max: Annotated[int, Field(ge=1, le=100)] = 8
    """Calendars that one process reads at a time."""

    writes_max: Annotated[int, Field(ge=1, le=100)] = 8
    """Mailboxes that one process writes to at a time."""


class Settings(RuntimeSettings, CredentialSettings, GoogleSettings, PaceSettings):
    """All settings of the service."""
