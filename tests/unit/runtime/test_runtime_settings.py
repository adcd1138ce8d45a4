"""Settings: a wrong or missing one ends the start with one line that names it and no value."""

import pytest

from tandem.runtime.settings import (
    EXIT_CONFIG,
    CredentialSettings,
    EnvironmentSettings,
    RuntimeSettings,
    from_environment,
)

GOOD = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "DATABASE_URL": "postgresql://user:hunter2@127.0.0.1/tandem",
    "HTTP_PORT": "8080",
    "INTERNAL_TOKEN": "hunter2",
}
OPTIONAL = (
    "KAFKA_NAMESPACE",
    "KAFKA_SECURITY_PROTOCOL",
    "KAFKA_SASL_MECHANISM",
    "KAFKA_USERNAME",
    "KAFKA_PASSWORD",
    "KAFKA_PASSWORD_FILE",
    "KAFKA_CA_FILE",
    "FORWARDED_ALLOW_IPS",
    "HTTP_HOST",
    "LOG_LEVEL",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "TRACE_SAMPLE_RATIO",
    "DATABASE_CONNECTIONS_MAX",
    "DEAD_LETTERS_MAX",
    "CONSUME_RECORDS_MAX",
    "ROLES",
    "CREDENTIALS_DATABASE_URL",
    "CREDENTIALS_KEYS",
)


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    for name in OPTIONAL:
        monkeypatch.delenv(name, raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)


def _refused(kind, capsys):
    with pytest.raises(SystemExit) as end:
        from_environment(kind)
    assert end.value.code == EXIT_CONFIG == 78
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err.splitlines()


def test_good_settings_are_read_with_their_defaults():
    settings = from_environment(RuntimeSettings)
    assert settings.http_port == 8080
    assert settings.roles == {"web", "reader", "writer", "sweeper"}
    assert settings.database_url.get_secret_value() == GOOD["DATABASE_URL"]


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_missing_setting_is_named(name, monkeypatch, capsys):
    monkeypatch.delenv(name)
    (line,) = _refused(RuntimeSettings, capsys)
    assert line.startswith(f"setting {name}: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_PORT", "hunter2"),
        ("HTTP_PORT", "70000"),
        ("KAFKA_NAMESPACE", "hunter2"),
        ("KAFKA_SECURITY_PROTOCOL", "hunter2"),
        ("KAFKA_SASL_MECHANISM", "hunter2"),
        ("KAFKA_USERNAME", "hunter2"),
        ("KAFKA_PASSWORD", "hunter2"),
        ("KAFKA_PASSWORD_FILE", "hunter2"),
        ("KAFKA_CA_FILE", "hunter2"),
        ("FORWARDED_ALLOW_IPS", "hunter2"),
        ("FORWARDED_ALLOW_IPS", "*"),
        ("FORWARDED_ALLOW_IPS", "10.0.0.1/8"),
        ("LOG_LEVEL", "hunter2"),
        ("ROLES", "web,hunter2"),
        ("ROLES", ","),
        ("TRACE_SAMPLE_RATIO", "2"),
        ("DATABASE_CONNECTIONS_MAX", "1"),
        ("DEAD_LETTERS_MAX", "0"),
        ("CONSUME_RECORDS_MAX", "hunter2"),
    ],
)
def test_a_wrong_setting_is_named_without_its_value(name, value, monkeypatch, capsys):
    monkeypatch.setenv(name, value)
    (line,) = _refused(RuntimeSettings, capsys)
    assert line.startswith(f"setting {name}: ")
    assert "hunter2" not in line


def test_every_wrong_setting_has_a_line_of_its_own(monkeypatch, capsys):
    monkeypatch.setenv("HTTP_PORT", "x")
    monkeypatch.delenv("INTERNAL_TOKEN")
    lines = _refused(RuntimeSettings, capsys)
    assert sorted(line.split(":")[0] for line in lines) == [
        "setting HTTP_PORT",
        "setting INTERNAL_TOKEN",
    ]


def test_a_list_that_is_no_json_is_named_without_its_value(monkeypatch, capsys):
    class Listed(EnvironmentSettings):
        allowed_hosts: tuple[str, ...]

    monkeypatch.setenv("ALLOWED_HOSTS", "hunter2")
    (line,) = _refused(Listed, capsys)
    assert "allowed_hosts" in line
    assert "hunter2" not in line


@pytest.mark.parametrize(("given", "roles"), [("web", {"web"}), (" reader , web ", None)])
def test_a_process_may_run_some_roles_only(given, roles, monkeypatch):
    monkeypatch.setenv("ROLES", given)
    assert from_environment(RuntimeSettings).roles == (roles or {"reader", "web"})


def test_a_log_level_may_be_written_small(monkeypatch):
    monkeypatch.setenv("LOG_LEVEL", "warning")
    assert from_environment(RuntimeSettings).log_level == "WARNING"


def test_no_representation_of_settings_shows_a_secret(monkeypatch):
    monkeypatch.setenv("CREDENTIALS_KEYS", "hunter2")
    monkeypatch.setenv("CREDENTIALS_DATABASE_URL", GOOD["DATABASE_URL"])
    for kind in (RuntimeSettings, CredentialSettings):
        settings = from_environment(kind)
        assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump()}"
