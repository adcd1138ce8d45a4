"""Settings of settings-api: a wrong or missing one stops the start with a line that names it."""

import pytest

from settings_api.settings import Settings
from tandem.runtime.settings import EXIT_CONFIG, from_environment

GOOD = {
    "KAFKA_BOOTSTRAP_SERVERS": "localhost:9092",
    "DATABASE_URL": "postgresql://x",
    "HTTP_PORT": "8080",
    "INTERNAL_TOKEN": "token-of-the-services",
    "CREDENTIALS_DATABASE_URL": "postgresql://x",
    "CREDENTIALS_KEYS": "key",
    "PUBLIC_URL": "https://tandem.example",
    "PIPEDRIVE_AUTHORIZE_URL": "https://oauth.pipedrive.com/oauth/authorize",
    "PIPEDRIVE_TOKEN_URL": "https://oauth.pipedrive.com/oauth/token",
    "PIPEDRIVE_CLIENT_ID": "client",
    "PIPEDRIVE_CLIENT_SECRET": "secret-of-pipedrive",
    "GOOGLE_AUTHORIZE_URL": "https://accounts.google.com/o/oauth2/v2/auth",
    "GOOGLE_TOKEN_URL": "https://oauth2.googleapis.com/token",
    "GOOGLE_REVOKE_URL": "https://oauth2.googleapis.com/revoke",
    "GOOGLE_USERINFO_URL": "https://openidconnect.googleapis.com/v1/userinfo",
    "GOOGLE_CLIENT_ID": "client",
    "GOOGLE_CLIENT_SECRET": "secret-of-google",
    "CRM_INGEST_URL": "http://crm-ingest:8081",
    "CALENDAR_INGEST_URL": "http://calendar-ingest:8082",
    "RECONCILER_URL": "http://reconciler:8083",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with good settings."""
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_good_settings_are_taken(environment: pytest.MonkeyPatch):
    environment.setenv("EMAIL_PROVIDERS", "North.example=google, south.example=microsoft")
    settings = from_environment(Settings)
    assert {name: str(value) for name, value in settings.email_providers.items()} == {
        "north.example": "google",
        "south.example": "microsoft",
    }
    assert "secret-of" not in repr(settings)


@pytest.mark.parametrize("name", ["PUBLIC_URL", "GOOGLE_CLIENT_SECRET", "RECONCILER_URL"])
def test_a_missing_setting_is_named(environment: pytest.MonkeyPatch, capfd, name):
    environment.delenv(name)
    with pytest.raises(SystemExit) as stopped:
        from_environment(Settings)
    assert stopped.value.code == EXIT_CONFIG
    assert capfd.readouterr().err.startswith(f"setting {name}: ")


@pytest.mark.parametrize("name", ["PUBLIC_URL", "PIPEDRIVE_TOKEN_URL", "GOOGLE_REVOKE_URL"])
@pytest.mark.parametrize("value", ["http://plain.example", "ftp://odd.example", "nonsense"])
def test_addresses_outside_are_encrypted(environment: pytest.MonkeyPatch, capfd, name, value):
    environment.setenv(name, value)
    with pytest.raises(SystemExit):
        from_environment(Settings)
    told = capfd.readouterr().err
    assert name in told
    assert "secret-of" not in told


def test_a_wrong_provider_of_a_domain_is_refused(environment: pytest.MonkeyPatch, capfd):
    environment.setenv("EMAIL_PROVIDERS", "north.example=lotus")
    with pytest.raises(SystemExit):
        from_environment(Settings)
    assert "EMAIL_PROVIDERS" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("name", "value"),
    [("MICROSOFT_CLIENT_SECRET", ""), ("MICROSOFT_ME_URL", "http://plain.example/me")],
)
def test_who_offers_microsoft_tells_the_whole_of_it(
    environment: pytest.MonkeyPatch, capfd, name, value
):
    environment.setenv("MICROSOFT_CLIENT_ID", "client")
    environment.setenv("MICROSOFT_CLIENT_SECRET", "secret-of-microsoft")
    assert from_environment(Settings).microsoft_client_id == "client"
    environment.setenv(name, value)
    with pytest.raises(SystemExit):
        from_environment(Settings)
    assert name in capfd.readouterr().err


def test_a_trace_is_shown_where_its_page_says(environment: pytest.MonkeyPatch):
    environment.setenv("TRACE_PAGE_URL", "https://traces.example/trace/{trace_id}?view=all")
    settings = from_environment(Settings)
    assert settings.trace_page("0af7") == "https://traces.example/trace/0af7?view=all"
    assert not settings.trace_page(None)
    environment.delenv("TRACE_PAGE_URL")
    assert not from_environment(Settings).trace_page("0af7")


@pytest.mark.parametrize(
    "value", ["https://traces.example/", "javascript:{trace_id}", "{trace_id}"]
)
def test_a_trace_page_that_shows_no_trace_is_refused(environment, capfd, value):
    environment.setenv("TRACE_PAGE_URL", value)
    with pytest.raises(SystemExit) as stopped:
        from_environment(Settings)
    assert stopped.value.code == EXIT_CONFIG
    assert capfd.readouterr().err.startswith("setting TRACE_PAGE_URL: ")
