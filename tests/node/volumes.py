"""Volumes for the claims of plain servers, in a folder of the node."""

import json
from pathlib import Path

from tools.node import NAME, Node


def offer_volumes(node: Node, folder: Path, *, count: int) -> None:
    """Make so many volumes that any claim without a class may take."""
    for number in range(count):
        place = folder / str(number)
        place.mkdir(parents=True)
        file = folder / f"{number}.json"
        file.write_text(json.dumps(_volume(f"volume-{number}", place)), "utf-8")
        node.cluster.kubectl("apply", "--filename", str(file))


def _volume(name: str, place: Path) -> dict[str, object]:
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [NAME]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": "5Gi"},
            "accessModes": ["ReadWriteOnce"],
            "local": {"path": str(place)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }
