"""Environment variables of the services in a stack that talks to the sandbox."""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet

from tandem_embedded.addresses import HOST, Ports

CLIENT_ID: Final = "sandbox-client"
CLIENT_SECRET: Final = "sandbox-secret"  # noqa: S105 - the sandbox's own, guards nothing
_PASSED_ON: Final = ("PATH", "HOME", "LANG", "OTEL_EXPORTER_OTLP_ENDPOINT", "LOG_LEVEL")


def stack_secrets(file: Path) -> dict[str, str]:
    """This stack's own secrets, made at its first start and kept beside its data."""
    if file.exists():
        kept: dict[str, str] = json.loads(file.read_text("utf-8"))
        return kept
    made = {
        "CREDENTIALS_KEYS": Fernet.generate_key().decode(),
        "INTERNAL_TOKEN": secrets.token_urlsafe(32),
        "PIPEDRIVE_WEBHOOK_PASSWORD": secrets.token_urlsafe(24),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps(made), "utf-8")
    return made


def service_environment(
    service: str,
    *,
    ports: Ports,
    kafka: str,
    database_url: str,
    kept: Mapping[str, str],
    overrides: Mapping[str, str],
) -> dict[str, str]:
    """All variables of one service (`crm_ingest`, …)."""
    sandbox = ports.url("sandbox")
    google, microsoft = f"{sandbox}/google", f"{sandbox}/microsoft"
    return {
        **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        **kept,
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "DATABASE_URL": database_url,
        "CREDENTIALS_DATABASE_URL": database_url,
        "HTTP_HOST": HOST,
        "HTTP_PORT": str(getattr(ports, service)),
        "ALLOW_PLAIN_HTTP": "true",
        "PUBLIC_URL": ports.url("settings_api"),
        "CRM_INGEST_URL": ports.url("crm_ingest"),
        "CALENDAR_INGEST_URL": ports.url("calendar_ingest"),
        "RECONCILER_URL": ports.url("reconciler"),
        "PIPEDRIVE_AUTHORIZE_URL": f"{sandbox}/pipedrive/oauth/authorize",
        "PIPEDRIVE_TOKEN_URL": f"{sandbox}/pipedrive/oauth/token",
        "PIPEDRIVE_API_DOMAINS": HOST,
        "PIPEDRIVE_CLIENT_ID": CLIENT_ID,
        "PIPEDRIVE_CLIENT_SECRET": CLIENT_SECRET,
        "PIPEDRIVE_WEBHOOK_URL": ports.url("crm_ingest") + "/webhooks/pipedrive",
        "PIPEDRIVE_WEBHOOK_USER": "tandem",
        "GOOGLE_API_URL": f"{google}/calendar/v3/",
        "GOOGLE_AUTHORIZE_URL": f"{google}/o/oauth2/v2/auth",
        "GOOGLE_TOKEN_URL": f"{google}/token",
        "GOOGLE_REVOKE_URL": f"{google}/revoke",
        "GOOGLE_USERINFO_URL": f"{google}/oauth2/v3/userinfo",
        "GOOGLE_CLIENT_ID": CLIENT_ID,
        "GOOGLE_CLIENT_SECRET": CLIENT_SECRET,
        "GOOGLE_WEBHOOK_URL": ports.url("calendar_ingest") + "/webhooks/google",
        "MICROSOFT_API_URL": f"{microsoft}/v1.0/",
        "MICROSOFT_AUTHORIZE_URL": f"{microsoft}/common/oauth2/v2.0/authorize",
        "MICROSOFT_TOKEN_URL": f"{microsoft}/common/oauth2/v2.0/token",
        "MICROSOFT_ME_URL": f"{microsoft}/v1.0/me",
        "MICROSOFT_CLIENT_ID": CLIENT_ID,
        "MICROSOFT_CLIENT_SECRET": CLIENT_SECRET,
        "MICROSOFT_WEBHOOK_URL": ports.url("calendar_ingest") + "/webhooks/microsoft",
        "EXCHANGE_AUTODISCOVER_URL": f"{sandbox}/exchange/autodiscover/autodiscover.svc",
        "EXCHANGE_WEBHOOK_URL": ports.url("calendar_ingest") + "/webhooks/exchange",
        "EMAIL_PROVIDERS": "north.example=google,south.example=google,onprem.example=exchange",
        **overrides,
    }
