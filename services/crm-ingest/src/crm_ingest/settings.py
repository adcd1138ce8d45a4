"""What crm-ingest needs to be told by its environment."""

from typing import Annotated

from pydantic import Field, SecretStr, model_validator

from tandem.runtime.settings import CredentialSettings, EnvironmentSettings, RuntimeSettings


class PipedriveSettings(EnvironmentSettings):
    """How this installation is known at Pipedrive."""

    pipedrive_token_url: str
    """Token endpoint of Pipedrive's OAuth server."""

    pipedrive_client_id: str
    """Client id of the Marketplace app."""

    pipedrive_client_secret: SecretStr
    """Client secret of the Marketplace app."""

    pipedrive_webhook_url: str
    """Public address of our `POST /webhooks/pipedrive`, given to Pipedrive as it is."""

    pipedrive_webhook_user: Annotated[str, Field(min_length=1, pattern=r"^[^:]+$")]
    """User name that Pipedrive sends along with each webhook."""

    pipedrive_webhook_password: Annotated[SecretStr, Field(min_length=8)]
    """Password that Pipedrive sends along with each webhook."""

    allow_plain_http: bool = False
    """Whether Pipedrive's addresses may be plain HTTP (sandbox and tests only)."""

    @model_validator(mode="after")
    def _encrypted(self) -> "PipedriveSettings":
        for name in ("pipedrive_token_url", "pipedrive_webhook_url"):
            address = getattr(self, name)
            if not address.startswith(("http://", "https://")):
                raise ValueError(f"{name.upper()}: must be a web address")
            if address.startswith("http://") and not self.allow_plain_http:
                raise ValueError(f"{name.upper()}: must be https (ALLOW_PLAIN_HTTP is off)")
        return self


class PaceSettings(EnvironmentSettings):
    """How often and how much at a time."""

    sweep_interval_s: Annotated[float, Field(ge=1, le=86_400)] = 300
    """Seconds between two sweeps of one user's activities."""

    sweep_quiet_interval_s: Annotated[float, Field(ge=1, le=86_400)] = 300
    """The same after several sweeps in a row have found nothing that a webhook had not told."""

    reads_max: Annotated[int, Field(ge=1, le=100)] = 16
    """Hinted activities that one process reads at a time."""

    writes_max: Annotated[int, Field(ge=1, le=100)] = 16
    """Commands that one process carries out at a time."""


class Settings(RuntimeSettings, CredentialSettings, PipedriveSettings, PaceSettings):
    """All settings of the service."""
