"""Java, and the jars that Maven brings into the cache folder."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from tandem_embedded.places import cache_folder

JAVA_MIN: Final = 17
PLUGIN: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"


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


def can_run(name: str) -> bool:
    """Whether the jars of the cache's folder `name` are here or can be brought, and can run."""
    return java() is not None and (_folder(name).exists() or shutil.which("mvn") is not None)


def jars(name: str, goal: str, *arguments: str, pom: str = "") -> Path:
    """The cache's folder `name`; the first time, a `goal` of Maven's dependency plugin fills it.

    Raises:
        RuntimeError: Maven could not bring them; the message ends with what it said.
    """
    folder = _folder(name)
    if folder.exists():
        return folder
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        brought = Path(scratch) / "jars"
        if pom:
            (Path(scratch) / "pom.xml").write_text(pom, "utf-8")
        command = ["mvn", "-B", "-q", f"{PLUGIN}:{goal}", f"-DoutputDirectory={brought}"]
        result = subprocess.run(
            [*command, *arguments], cwd=scratch, capture_output=True, text=True, check=False
        )
        if result.returncode != 0:
            raise RuntimeError(f"Maven could not bring {name}:\n{result.stdout[-2000:]}")
        try:
            brought.rename(folder)
        except OSError:
            if not folder.exists():  # else another process was faster
                raise
    return folder


def _folder(name: str) -> Path:
    return cache_folder() / name
