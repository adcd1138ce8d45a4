"""Settings from environment variables; a wrong one stops the start with one line that names it."""

import sys
from typing import Annotated, Literal, TypeVar

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
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


Role = Literal["web", "reader", "writer", "sweeper"]


class RuntimeSettings(EnvironmentSettings):
    """What every service needs."""

    kafka_bootstrap_servers: str
    """`host:port`, several separated by commas."""

    kafka_namespace: Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9-]{0,60}\.)?$")] = ""
    """Put before every topic and group, with a dot at its end, where a cluster is shared."""

    database_url: SecretStr
    """PostgreSQL URL of this service's own role and schema."""

    http_host: str = "0.0.0.0"  # noqa: S104 - a pod listens on all its interfaces
    """Address to listen on."""

    http_port: Annotated[int, Field(ge=1, le=65535)]
    """Port to listen on."""

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


def from_environment(kind: type[SettingsT]) -> SettingsT:
    """Read settings, or end the process with one line per wrong setting."""
    try:
        return kind()
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            name = str(next(iter(problem["loc"]), "")).upper()
            sys.stderr.write(f"setting {name}: {problem['msg']}\n")
        raise SystemExit(EXIT_CONFIG) from None
    except SettingsError as error:
        sys.stderr.write(f"settings: {error}\n")
        raise SystemExit(EXIT_CONFIG) from None
