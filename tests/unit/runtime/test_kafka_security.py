"""Who a client says it is to Kafka, and which settings for it make no sense."""

import ssl
from types import MappingProxyType

import pytest
from faststream.kafka.security import parse_security
from tests.integration.guarded.authority import issue

from tandem.runtime.kafka import broker_security, client_security
from tandem.runtime.settings import KafkaSettings, from_environment

USER = MappingProxyType(
    {
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_USERNAME": "kafka-reconciler",
        "KAFKA_PASSWORD": "hunter2",
    }
)


@pytest.fixture
def ca_file(tmp_path):
    return issue(tmp_path)[0]


@pytest.fixture
def read(monkeypatch):
    for name in (*KafkaSettings.model_fields,):
        monkeypatch.delenv(name.upper(), raising=False)

    def told(**variables):
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "nowhere:1")
        for name, value in variables.items():
            monkeypatch.setenv(name, str(value))
        return from_environment(KafkaSettings)

    return told


@pytest.fixture
def refused(read, capsys):
    def line(**variables):
        with pytest.raises(SystemExit) as end:
            read(**variables)
        assert end.value.code == 78
        (told,) = capsys.readouterr().err.splitlines()
        assert "hunter2" not in told
        return told

    return line


def test_without_settings_kafka_is_reached_plainly(read):
    settings = read()
    assert client_security(settings) == {"security_protocol": "PLAINTEXT"}
    assert parse_security(broker_security(settings))["security_protocol"] == "PLAINTEXT"


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"])
@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
def test_both_kinds_of_client_say_the_same(read, mechanism, protocol):
    settings = read(
        **USER | {"KAFKA_SECURITY_PROTOCOL": protocol, "KAFKA_SASL_MECHANISM": mechanism}
    )
    client, broker = client_security(settings), parse_security(broker_security(settings))
    tls = [options.pop("ssl_context", None) for options in (client, broker)]
    assert [context is not None for context in tls] == [protocol == "SASL_SSL"] * 2
    assert client == broker
    assert client == {
        "security_protocol": protocol,
        "sasl_mechanism": mechanism,
        "sasl_plain_username": "kafka-reconciler",
        "sasl_plain_password": "hunter2",
    }


def test_certificates_are_checked_against_the_authority_that_is_named(read, ca_file):
    context = client_security(read(KAFKA_SECURITY_PROTOCOL="SSL", KAFKA_CA_FILE=ca_file))[
        "ssl_context"
    ]
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    (authority,) = context.get_ca_certs()
    assert authority["subject"] == ((("commonName", "Tandem tests"),),)


def test_a_password_may_lie_in_a_file(read, tmp_path):
    (tmp_path / "password").write_text("hunter2\n")
    settings = read(
        KAFKA_SECURITY_PROTOCOL="SASL_SSL",
        KAFKA_USERNAME="u",
        KAFKA_PASSWORD_FILE=tmp_path / "password",
    )
    assert client_security(settings)["sasl_plain_password"] == "hunter2"


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"KAFKA_USERNAME": ""}, "KAFKA_USERNAME: is needed with SASL_SSL"),
        ({"KAFKA_PASSWORD": ""}, "KAFKA_PASSWORD: either it or KAFKA_PASSWORD_FILE is needed"),
        (
            {"KAFKA_PASSWORD_FILE": "/nowhere"},
            "KAFKA_PASSWORD: either it or KAFKA_PASSWORD_FILE is needed",
        ),
        (
            {"KAFKA_PASSWORD": "", "KAFKA_PASSWORD_FILE": "/nowhere"},
            "KAFKA_PASSWORD_FILE: can not be read",
        ),
        ({"KAFKA_CA_FILE": "/nowhere"}, "KAFKA_CA_FILE: can not be read"),
        ({"KAFKA_CA_FILE": "/dev/null"}, "KAFKA_CA_FILE: is empty"),
        ({"KAFKA_CA_FILE": __file__}, "KAFKA_CA_FILE: holds no certificate"),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_CA_FILE": __file__},
            "KAFKA_CA_FILE: has no use with SASL_PLAINTEXT",
        ),
        (
            {"KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"},
            "KAFKA_USERNAME: has no use with PLAINTEXT",
        ),
    ],
)
def test_what_makes_no_sense_stops_the_start_with_one_line(refused, changed, line):
    assert refused(**USER | changed) == f"setting {line}"


def test_no_representation_shows_the_password(read):
    settings = read(**USER)
    assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump()}"
