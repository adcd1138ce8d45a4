"""The code of an earlier commit, to be run in place of the present one."""

import os
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
COMMIT: Final = os.environ.get("PREVIOUS_RELEASE", "HEAD^")


def is_known() -> bool:
    """Whether this checkout holds the earlier commit; a shallow one does not."""
    asked = ["git", "cat-file", "-e", f"{COMMIT}^{{commit}}"]
    return subprocess.run(asked, cwd=ROOT, check=False, capture_output=True).returncode == 0


def unpack(folder: Path) -> dict[str, str]:
    """Put its packages into a folder; the environment in which Python takes them from there."""
    archive = subprocess.run(
        ["git", "archive", COMMIT, "packages", "services"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout
    with tarfile.open(fileobj=BytesIO(archive)) as packed:
        packed.extractall(folder, filter="data")
    sources = sorted(str(one) for one in folder.glob("*/*/src"))
    environment = {"PYTHONPATH": os.pathsep.join(sources)}
    found = subprocess.run(
        [sys.executable, "-c", "import reconciler; print(reconciler.__file__)"],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    ).stdout
    assert found.startswith(str(folder)), found
    return environment
