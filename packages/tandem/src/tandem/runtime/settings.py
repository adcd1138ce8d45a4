"""Settings from environment variables; a wrong one stops the start with one line that names it."""

import ssl
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

EXIT_CONFIG = 78
"""Exit status of a start that failed because of its configuration (sysexits.h, EX_CONFIG)."""


class EnvironmentSettings(BaseSettings):
    """One concern's settings; a field `kafka_host` is read from `KAFKA_HOST`."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, use_attribute_docstrings=True
    )


def _listed(value: object) -> object:
    if not isinstance(value, str):
        return value
    return frozenset(part.strip() for part in value.split(",") if part.strip())


def _networks(value: str) -> str:
    for part in value.split(","):
        try:
            ip_network(part.strip())
        except ValueError:
            raise ValueError("must be addresses or networks, separated by commas") from None
    return value


Role = Literal["web", "reader", "writer", "sweeper"]


class KafkaSettings(EnvironmentSettings):
    """Where Kafka is, and as whom it is used."""

    kafka_bootstrap_servers: str
    """`host:port`, several separated by commas."""

    kafka_namespace: Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9-]{0,60}\.)?$")] = ""
    """Put before every topic and group, with a dot at its end, where a cluster is shared."""

    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL, as the listener asks for."""

    kafka_sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    """SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN; counts with the SASL protocols only."""

    kafka_username: str = ""
    """User of this service at a listener with SASL."""

    kafka_password: SecretStr = SecretStr("")
    """The user's password."""

    kafka_password_file: Path | None = None
    """File that holds the password, in place of `KAFKA_PASSWORD`; read at the start."""

    kafka_ca_file: Path | None = None
    """PEM file of the authority that signs the brokers' certificates; none: the system's."""

    @property
    def kafka_sasl(self) -> bool:
        """Whether Kafka wants to know who this is."""
        return self.kafka_security_protocol.startswith("SASL_")

    @property
    def kafka_tls(self) -> bool:
        """Whether the way to Kafka is encrypted."""
        return self.kafka_security_protocol.endswith("SSL")

    @model_validator(mode="after")
    def _kafka_user(self) -> "KafkaSettings":
        told = {
            "KAFKA_USERNAME": bool(self.kafka_username),
            "KAFKA_PASSWORD": bool(self.kafka_password.get_secret_value()),
            "KAFKA_PASSWORD_FILE": self.kafka_password_file is not None,
        }
        if not self.kafka_sasl:
            for name in (name for name, given in told.items() if given):
                raise ValueError(f"{name}: has no use with {self.kafka_security_protocol}")
            return self
        if not told["KAFKA_USERNAME"]:
            raise ValueError(f"KAFKA_USERNAME: is needed with {self.kafka_security_protocol}")
        if told["KAFKA_PASSWORD"] == told["KAFKA_PASSWORD_FILE"]:
            raise ValueError("KAFKA_PASSWORD: either it or KAFKA_PASSWORD_FILE is needed")
        if self.kafka_password_file is not None:
            _read("KAFKA_PASSWORD_FILE", self.kafka_password_file)
        return self

    @model_validator(mode="after")
    def _kafka_authority(self) -> "KafkaSettings":
        if self.kafka_ca_file is None:
            return self
        if not self.kafka_tls:
            raise ValueError(f"KAFKA_CA_FILE: has no use with {self.kafka_security_protocol}")
        _read("KAFKA_CA_FILE", self.kafka_ca_file)
        try:
            ssl.create_default_context(cafile=self.kafka_ca_file)
        except ssl.SSLError:
            raise ValueError("KAFKA_CA_FILE: holds no certificate") from None
        return self


def _read(name: str, file: Path) -> None:
    try:
        empty = not file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ValueError(f"{name}: can not be read") from None
    if empty:
        raise ValueError(f"{name}: is empty")


class RuntimeSettings(KafkaSettings):
    """What every service needs."""

    database_url: SecretStr
    """PostgreSQL URL of this service's own role and schema."""

    http_host: str = "0.0.0.0"  # noqa: S104 - a pod listens on all its interfaces
    """Address to listen on."""

    http_port: Annotated[int, Field(ge=1, le=65535)]
    """Port to listen on."""

    forwarded_allow_ips: Annotated[str, AfterValidator(_networks)] = "127.0.0.1"
    """Addresses and networks of the proxies whose `X-Forwarded-For` is believed, by commas."""

    internal_token: SecretStr
    """Shared secret of the calls that services make to each other."""

    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"],
        BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
    ] = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""

    otel_exporter_otlp_endpoint: str | None = None
    """Where traces go (OTLP over HTTP, without `/v1/traces`); none: they are not exported."""

    trace_sample_ratio: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of traces that are recorded."""

    database_connections_max: Annotated[int, Field(ge=2, le=200)] = 10
    """Upper limit of this process's database connections."""

    dead_letters_max: Annotated[int, Field(ge=1)] = 100
    """Dead letters within 10 minutes beyond which the service stops and fails readiness."""

    consume_records_max: Annotated[int, Field(ge=1, le=5000)] = 500
    """Records taken from Kafka at a time."""

    roles: Annotated[
        frozenset[Role],
        NoDecode,
        BeforeValidator(_listed),
        Field(min_length=1),
    ] = frozenset({"web", "reader", "writer", "sweeper"})
    """Which parts of the service this process runs."""


class CredentialSettings(EnvironmentSettings):
    """Where credentials are kept, and the keys that seal them."""

    credentials_database_url: SecretStr
    """PostgreSQL URL of the credential store."""

    credentials_keys: SecretStr
    """Fernet keys separated by commas: the first seals, all of them open."""


SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def _told(place: tuple[int | str, ...], message: str) -> str:
    """Name and problem; what is wrong with several settings together names one of them itself."""
    if place:
        return f"{str(place[0]).upper()}: {message}"
    return message.removeprefix("Value error, ")


def from_environment(kind: type[SettingsT]) -> SettingsT:
    """Read settings, or end the process with one line per wrong setting."""
    try:
        return kind()
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            sys.stderr.write(f"setting {_told(problem['loc'], problem['msg'])}\n")
        raise SystemExit(EXIT_CONFIG) from None
    except SettingsError as error:
        sys.stderr.write(f"settings: {error}\n")
        raise SystemExit(EXIT_CONFIG) from None
