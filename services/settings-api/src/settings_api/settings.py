"""What settings-api needs to be told by its environment."""

from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode

from tandem.contracts.connections import Provider
from tandem.runtime.settings import CredentialSettings, EnvironmentSettings, RuntimeSettings


def _pairs(value: object) -> object:
    """`north.example=google,south.example=microsoft` as a dictionary."""
    if not isinstance(value, str):
        return value
    pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
    return {domain.strip().lower(): provider.strip() for domain, _, provider in pairs}


def _names(value: object) -> object:
    """Names separated by commas as a set."""
    if not isinstance(value, str):
        return value
    return frozenset(name.strip().lower() for name in value.split(",") if name.strip())


class OAuthSettings(EnvironmentSettings):
    """How this installation is known at the providers."""

    public_url: str
    """Address under which browsers reach this service, without a slash at its end."""

    pipedrive_authorize_url: str
    """Pipedrive's consent page."""

    pipedrive_token_url: str
    """Token endpoint of Pipedrive's OAuth server."""

    pipedrive_client_id: str
    """Client id of the Marketplace app."""

    pipedrive_client_secret: SecretStr
    """Client secret of the Marketplace app."""

    pipedrive_api_domains: Annotated[frozenset[str], NoDecode, BeforeValidator(_names)] = frozenset(
        {"pipedrive.com"}
    )
    """Hosts (with their subdomains) that a company's API may have; others are refused."""

    google_authorize_url: str
    """Google's consent page."""

    google_token_url: str
    """Token endpoint of Google's OAuth server."""

    google_revoke_url: str
    """Where a Google grant is given back."""

    google_userinfo_url: str
    """Tells the address of a Google account."""

    google_client_id: str
    """Client id of the OAuth client."""

    google_client_secret: SecretStr
    """Client secret of the OAuth client."""

    microsoft_authorize_url: str = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize"
    """Microsoft's consent page."""

    microsoft_token_url: str = "https://login.microsoftonline.com/common/oauth2/v2.0/token"  # noqa: S105 - an address
    """Token endpoint of Microsoft's OAuth server."""

    microsoft_me_url: str = "https://graph.microsoft.com/v1.0/me"
    """Tells the address of a Microsoft account."""

    microsoft_client_id: str = ""
    """Client id of the Entra application; empty: Microsoft accounts are not offered."""

    microsoft_client_secret: SecretStr = SecretStr("")
    """Client secret of the Entra application."""

    email_providers: Annotated[dict[str, Provider], NoDecode, BeforeValidator(_pairs)] = Field(
        default_factory=dict
    )
    """Providers of e-mail domains of one's own: `example.com=google,example.org=microsoft`."""

    mx_lookup: bool = True
    """Whether the DNS is asked who keeps the mail of a domain that is not known otherwise."""

    allow_plain_http: bool = False
    """Whether addresses may be plain HTTP (sandbox and tests only)."""

    def callback_url(self, provider: str) -> str:
        """Where a provider sends a browser back to."""
        return f"{self.public_url.rstrip('/')}/oauth/{provider}/callback"

    @model_validator(mode="after")
    def _encrypted(self) -> "OAuthSettings":
        for name in type(self).model_fields:
            address = getattr(self, name)
            if name not in OAuthSettings.model_fields or not name.endswith("_url"):
                continue
            if not address.startswith(("http://", "https://")):
                raise ValueError(f"{name.upper()}: must be a web address")
            if address.startswith("http://") and not self.allow_plain_http:
                raise ValueError(f"{name.upper()}: must be https (ALLOW_PLAIN_HTTP is off)")
        if self.microsoft_client_id and not self.microsoft_client_secret.get_secret_value():
            raise ValueError("MICROSOFT_CLIENT_SECRET: is needed with MICROSOFT_CLIENT_ID")
        return self


class RateSettings(EnvironmentSettings):
    """How often one may ask, each with a minute's worth at once."""

    reads_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 600
    """Reads of one user, pages and REST API together."""

    writes_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 120
    """Writes of one user, pages and REST API together."""

    sign_ins_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 60
    """Steps of a sign-in from one address; behind a proxy see `FORWARDED_ALLOW_IPS`."""


class Settings(RuntimeSettings, CredentialSettings, OAuthSettings, RateSettings):
    """All settings of the service."""

    crm_ingest_url: str
    """Address of crm-ingest inside the cluster."""

    calendar_ingest_url: str
    """Address of calendar-ingest inside the cluster."""

    reconciler_url: str
    """Address of the reconciler inside the cluster."""

    trace_page_url: Annotated[str, Field(pattern=r"^(https?://[^\s{}]+\{trace_id\}\S*)?$")] = ""
    """Where a trace is shown, with `{trace_id}` for its id; history rows link there. Empty: not."""

    def trace_page(self, trace_id: str | None) -> str:
        """Where a trace is shown; empty where nothing shows it."""
        return self.trace_page_url.replace("{trace_id}", trace_id) if trace_id else ""
