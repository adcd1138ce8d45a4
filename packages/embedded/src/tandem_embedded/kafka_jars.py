"""Apache Kafka's jars, brought by Maven into the cache folder."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from tandem_embedded.places import cache_folder

KAFKA_VERSION: Final = "4.4.0"
LOG4J_VERSION: Final = "2.25.3"
JAVA_MIN: Final = 17
_PLUGIN: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_DEPENDENCIES: Final = (
    ("org.apache.kafka", "kafka_2.13", KAFKA_VERSION),
    ("org.apache.logging.log4j", "log4j-slf4j-impl", LOG4J_VERSION),
    ("org.apache.logging.log4j", "log4j-core", LOG4J_VERSION),
)


def java() -> str | None:
    """Path of a Java that is new enough; None where there is none."""
    home = os.environ.get("JAVA_HOME")
    found = (str(Path(home) / "bin" / "java") if home else None) or shutil.which("java")
    if found is None or not Path(found).exists():
        return None
    answer = subprocess.run(
        [found, "-XshowSettings:properties", "-version"],
        capture_output=True,
        text=True,
        check=False,
    )
    version = re.search(r"java\.specification\.version = (\d+)", answer.stderr)
    return found if version and int(version[1]) >= JAVA_MIN else None


def kafka_can_run() -> bool:
    """Whether the jars are here or can be brought, and Java can run them."""
    return java() is not None and (_folder().exists() or shutil.which("mvn") is not None)


def kafka_jars() -> Path:
    """Folder with the jars; they are downloaded the first time."""
    folder = _folder()
    if folder.exists():
        return folder
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        (Path(scratch) / "pom.xml").write_text(_pom(), "utf-8")
        jars = Path(scratch) / "jars"
        command = [
            "mvn",
            "-B",
            "-q",
            _PLUGIN,
            "-DincludeScope=runtime",
            f"-DoutputDirectory={jars}",
        ]
        result = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise RuntimeError(f"Maven could not bring Apache Kafka:\n{result.stdout[-2000:]}")
        try:
            jars.rename(folder)
        except OSError:
            if not folder.exists():  # else another process was faster
                raise
    return folder


def _folder() -> Path:
    return cache_folder() / f"kafka-{KAFKA_VERSION}"


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
