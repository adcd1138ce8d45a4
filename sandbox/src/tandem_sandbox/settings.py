"""What one sandbox process is told at its start."""

from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr


class ExchangeScheme(StrEnum):
    """How accounts prove at the emulated Exchange who they are."""

    BASIC = "basic"
    NTLM = "ntlm"


class SandboxSettings(BaseModel):
    """Where the sandbox answers, what it keeps, and the OAuth client that it knows."""

    model_config = ConfigDict(frozen=True)

    public_url: str = "http://127.0.0.1:8090"
    """The base under which clients reach the sandbox; no slash at the end."""

    data: Path | None = None
    """File that keeps the state over a restart; none keeps it in memory only."""

    client_id: str = "sandbox-client"
    """The one OAuth client of every emulated provider."""

    client_secret: SecretStr = SecretStr("sandbox-secret")
    """Its secret; listed by ``/_control/accounts``, because nothing here is real."""

    delivery_timeout_seconds: float = 10.0
    """How long a receiver of a webhook may take, as Pipedrive allows it."""

    save_interval_seconds: float = 1.0
    """How often a changed state is written to ``data``."""

    public_webhooks_only: bool = False
    """Whether a webhook's address must be one that the whole internet can reach, as Pipedrive wants
    it; here the receivers run on the same machine."""

    exchange_schemes: frozenset[ExchangeScheme] = frozenset({ExchangeScheme.BASIC})
    """What the emulated Exchange offers and takes."""
