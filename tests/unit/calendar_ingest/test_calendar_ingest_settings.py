"""A wrong setting stops the start with one line that names it."""

import pytest
from pydantic import ValidationError

from calendar_ingest.settings import Settings
from tandem.runtime.settings import from_environment

GOOD = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:19092",
    "DATABASE_URL": "postgresql://127.0.0.1/tandem",
    "HTTP_PORT": "8082",
    "INTERNAL_TOKEN": "internal",
    "CREDENTIALS_DATABASE_URL": "postgresql://127.0.0.1/tandem",
    "CREDENTIALS_KEYS": "key",
    "GOOGLE_API_URL": "https://www.googleapis.com/calendar/v3/",
    "GOOGLE_TOKEN_URL": "https://oauth2.googleapis.com/token",
    "GOOGLE_CLIENT_ID": "client",
    "GOOGLE_CLIENT_SECRET": "client-secret",
    "GOOGLE_WEBHOOK_URL": "https://tandem.example.com/webhooks/google",
}


@pytest.fixture
def environment(monkeypatch):
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_what_must_be_told_is_enough(environment):
    settings = from_environment(Settings)
    assert (settings.sweep_interval_s, settings.sweep_quiet_interval_s) == (300, 300)
    assert settings.channel_ttl_s == 604_800
    assert "client-secret" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.google_client_id = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GOOGLE_API_URL", "ftp://example.com"),
        ("GOOGLE_TOKEN_URL", "http://example.com/token"),
        ("GOOGLE_WEBHOOK_URL", "http://example.com/webhooks/google"),
        ("SWEEP_INTERVAL_S", "0"),
        ("CHANNEL_TTL_S", "1"),
        ("GOOGLE_USER_REQUESTS_PER_MINUTE", "none"),
    ],
)
def test_a_wrong_setting_is_named(environment, capsys, name, value):
    environment.setenv(name, value)
    with pytest.raises(SystemExit) as stopped:
        from_environment(Settings)
    assert stopped.value.code == 78
    assert name in capsys.readouterr().err


@pytest.mark.parametrize("name", [name for name in GOOD if name.startswith("GOOGLE_")])
def test_a_missing_setting_is_named(environment, capsys, name):
    environment.delenv(name)
    with pytest.raises(SystemExit):
        from_environment(Settings)
    assert name in capsys.readouterr().err


def test_plain_http_is_for_sandboxes_that_say_so(environment):
    environment.setenv("GOOGLE_API_URL", "http://127.0.0.1:8090/google/calendar/v3/")
    environment.setenv("ALLOW_PLAIN_HTTP", "true")
    assert from_environment(Settings).allow_plain_http


MICROSOFT = {
    "MICROSOFT_CLIENT_ID": "client",
    "MICROSOFT_CLIENT_SECRET": "client-secret",
    "MICROSOFT_WEBHOOK_URL": "https://tandem.example.com/webhooks/microsoft",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MICROSOFT_CLIENT_SECRET", ""),
        ("MICROSOFT_WEBHOOK_URL", ""),
        ("MICROSOFT_WEBHOOK_URL", "http://example.com/webhooks/microsoft"),
        ("MICROSOFT_API_URL", "http://example.com/v1.0/"),
        ("MICROSOFT_SUBSCRIPTION_S", "1"),
    ],
)
def test_who_offers_microsoft_tells_the_whole_of_it(environment, capsys, name, value):
    for other, good in MICROSOFT.items():
        environment.setenv(other, good)
    assert from_environment(Settings).microsoft_client_id == "client"
    environment.setenv(name, value)
    with pytest.raises(SystemExit):
        from_environment(Settings)
    assert name in capsys.readouterr().err
