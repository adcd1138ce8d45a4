"""Each service of deploy/compose.yaml is given what its settings ask for, and nothing misspelt."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet

import calendar_ingest.settings
import crm_ingest.settings
import reconciler.settings
import settings_api.settings
from tandem.runtime.settings import from_environment
from tandem.runtime.topics import TopicSettings

DEPLOY = Path(__file__).parents[3] / "deploy"
KINDS: dict[str, Any] = {
    "crm-ingest": crm_ingest.settings.Settings,
    "calendar-ingest": calendar_ingest.settings.Settings,
    "reconciler": reconciler.settings.Settings,
    "settings-api": settings_api.settings.Settings,
    "topics": TopicSettings,
}
KNOWN = {name.upper() for kind in KINDS.values() for name in kind.model_fields}
SECRETS = {
    "POSTGRES_PASSWORD": "postgresql-password",
    "INTERNAL_TOKEN": "internal-token",
    "CREDENTIALS_KEYS": Fernet.generate_key().decode(),
    "PIPEDRIVE_WEBHOOK_PASSWORD": "webhook-password",
    "GRAFANA_PASSWORD": "grafana-password",
}
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES = COMPOSE["services"]


def filled(text: str) -> str:
    """What compose makes of a text with variables."""

    def value(found: re.Match[str]) -> str:
        name, kind, default = found.groups()
        return default if kind == "-" else SECRETS[name]

    return VARIABLE.sub(value, text)


def file_variables(name: str) -> dict[str, str]:
    lines = (DEPLOY / "compose" / name).read_text("utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value or "to-be-filled-in" for name, _, value in pairs}


def environment(service: str, providers: str) -> dict[str, str]:
    given = SERVICES[service]["environment"]
    shared = file_variables(providers) if SERVICES[service]["env_file"] else {}
    return shared | {name: filled(value) for name, value in given.items()}


@pytest.mark.parametrize("providers", ["sandbox.env", "providers.env"])
@pytest.mark.parametrize("service", KINDS)
def test_a_service_would_start(service, providers, monkeypatch):
    for name in KNOWN:
        monkeypatch.delenv(name, raising=False)
    given = environment(service, providers)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = from_environment(KINDS[service])
    assert given.keys() <= KNOWN
    assert settings.kafka_bootstrap_servers == "kafka:9092"


@pytest.mark.parametrize("service", KINDS)
def test_a_service_is_hardened_and_waits_for_its_servers(service):
    one = SERVICES[service]
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert one["depends_on"].keys() <= SERVICES.keys()
    assert one["command"] == [service]


def test_the_reconciler_is_given_no_key_ring_and_no_secret_of_a_provider():
    given = environment("reconciler", "providers.env")
    assert not [name for name in given if name.startswith("CREDENTIALS_") or "SECRET" in name]


def test_nothing_is_offered_to_other_machines():
    ports = [port for one in SERVICES.values() for port in one.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_secret_is_made_by_the_script():
    text = (DEPLOY / "compose.yaml").read_text("utf-8")
    asked = {name for name, kind, _ in VARIABLE.findall(text) if kind == "?"}
    script = (DEPLOY / "compose/new-secrets.sh").read_text("utf-8")
    assert asked == set(re.findall(r'echo "([A-Z_]+)=', script)) == SECRETS.keys()


def test_only_the_sandbox_is_a_profile():
    assert {name for name, one in SERVICES.items() if "profiles" in one} == {"sandbox"}


def test_every_file_that_is_mounted_is_there():
    mounts = [
        mount.partition(":")[0]
        for one in SERVICES.values()
        for mount in one.get("volumes", ())
        if mount.startswith(".")
    ]
    assert len(mounts) > 4
    assert [mount for mount in mounts if not (DEPLOY / mount).exists()] == []
