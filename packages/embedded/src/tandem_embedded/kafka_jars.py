"""Apache Kafka's jars, with all that they need."""

from pathlib import Path
from typing import Final

from tandem_embedded.maven import can_run, jars

KAFKA_VERSION: Final = "4.4.0"
LOG4J_VERSION: Final = "2.25.3"
_NAME: Final = f"kafka-{KAFKA_VERSION}"
_DEPENDENCIES: Final = (
    ("org.apache.kafka", "kafka_2.13", KAFKA_VERSION),
    ("org.apache.logging.log4j", "log4j-slf4j-impl", LOG4J_VERSION),
    ("org.apache.logging.log4j", "log4j-core", LOG4J_VERSION),
)


def kafka_can_run() -> bool:
    """Whether the jars are here or can be brought, and Java can run them."""
    return can_run(_NAME)


def kafka_jars() -> Path:
    """Folder with the jars; they are downloaded the first time."""
    return jars(_NAME, "copy-dependencies", "-DincludeScope=runtime", pom=_pom())


def _pom() -> str:
    dependencies = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId>"
        f"<version>{version}</version></dependency>"
        for group, name, version in _DEPENDENCIES
    )
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>tandem</groupId><artifactId>kafka</artifactId><version>1</version>"
        f"<packaging>pom</packaging><dependencies>{dependencies}</dependencies></project>"
    )
