"""A whole node with the overlay `local` on it, rolled out once for all tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chaos.workload import OVERRIDES
from tests.node.installation import DEPLOY, Installation
from tests.node.volumes import offer_volumes
from tools.node import Node

RELEASE = "0.1.0"
NEXT_RELEASE = "0.1.1"


@pytest.fixture(scope="session")
def folder() -> Path:
    """Where everything of the node lies; tools/own-machine.sh removes it."""
    return Path(os.environ["MACHINE_FOLDER"])


@pytest.fixture(scope="session")
def node(folder: Path) -> Iterator[Node]:
    """A node with names and volumes, and with all images."""
    node = Node(folder)
    with node.running():
        node.import_images()
        node.tag(f"docker.io/library/tandem:{RELEASE}", NEXT_RELEASE)
        node.cluster.kubectl("apply", "--filename", str(DEPLOY / "tools/node/dns.yaml"))
        offer_volumes(node, folder / "volumes", count=2)
        yield node


@pytest.fixture(scope="session")
def installation(node: Node, folder: Path) -> Installation:
    """The first release, rolled out."""
    installation = Installation(node, folder / "installation")
    installation.set(**OVERRIDES)
    installation.rolled_out()
    return installation
