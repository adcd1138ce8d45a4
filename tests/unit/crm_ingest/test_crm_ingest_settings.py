"""A wrong setting stops the start with one line that names it."""

import pytest

from crm_ingest.settings import Settings
from tandem.runtime.settings import from_environment

GOOD = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:19092",
    "DATABASE_URL": "postgresql://127.0.0.1/tandem",
    "HTTP_PORT": "8081",
    "INTERNAL_TOKEN": "internal",
    "CREDENTIALS_DATABASE_URL": "postgresql://127.0.0.1/tandem",
    "CREDENTIALS_KEYS": "key",
    "PIPEDRIVE_TOKEN_URL": "https://oauth.pipedrive.com/oauth/token",
    "PIPEDRIVE_CLIENT_ID": "client",
    "PIPEDRIVE_CLIENT_SECRET": "client-secret",
    "PIPEDRIVE_WEBHOOK_URL": "https://tandem.example.com/webhooks/pipedrive",
    "PIPEDRIVE_WEBHOOK_USER": "tandem",
    "PIPEDRIVE_WEBHOOK_PASSWORD": "long-enough",
}


@pytest.fixture
def environment(monkeypatch):
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_what_must_be_told_is_enough(environment):
    settings = from_environment(Settings)
    assert (settings.sweep_interval_s, settings.sweep_quiet_interval_s) == (300, 300)
    assert "client-secret" not in repr(settings)
    assert "long-enough" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIPEDRIVE_TOKEN_URL", "http://example.com/token"),
        ("PIPEDRIVE_WEBHOOK_URL", "ftp://example.com"),
        ("PIPEDRIVE_WEBHOOK_USER", "a:b"),
        ("PIPEDRIVE_WEBHOOK_PASSWORD", "short"),
        ("SWEEP_INTERVAL_S", "0"),
        ("WRITES_MAX", "none"),
    ],
)
def test_a_wrong_setting_is_named(environment, capsys, name, value):
    environment.setenv(name, value)
    with pytest.raises(SystemExit) as stopped:
        from_environment(Settings)
    assert stopped.value.code == 78
    said = capsys.readouterr().err
    assert name in said
    assert value not in said.replace(name, "") or value == "0"


@pytest.mark.parametrize("name", [name for name in GOOD if name.startswith("PIPEDRIVE_")])
def test_a_missing_setting_is_named(environment, capsys, name):
    environment.delenv(name)
    with pytest.raises(SystemExit):
        from_environment(Settings)
    assert name in capsys.readouterr().err


def test_plain_http_is_for_sandboxes_that_say_so(environment):
    environment.setenv("PIPEDRIVE_TOKEN_URL", "http://127.0.0.1:8090/pipedrive/oauth/token")
    environment.setenv("ALLOW_PLAIN_HTTP", "true")
    assert from_environment(Settings).allow_plain_http
