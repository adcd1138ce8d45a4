"""Applies every overlay to a real API server: `python -m tools.check_kubernetes [CRD folder…]`.

Nothing may be refused, nothing warned about, and a second apply must change nothing. Resources
whose kinds no given CRD defines are counted and left out.
"""

import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Final

import yaml
from tools.check_deploy import OVERLAYS, rendered
from tools.kubernetes import Cluster, Server

from tandem_embedded.processes import free_port

PLACE: Final = ("--server-side", "--field-manager", "tandem", "--validate=strict")


def install_definitions(cluster: Cluster, folders: list[str]) -> set[tuple[str, str]]:
    """Install custom resource definitions; returns the groups and kinds that they bring."""
    kinds = set()
    for file in sorted(file for folder in folders for file in Path(folder).glob("*.yaml")):
        for definition in yaml.safe_load_all(file.read_text("utf-8")):
            kinds.add((definition["spec"]["group"], definition["spec"]["names"]["kind"]))
        cluster.kubectl("apply", "--server-side", "--filename", str(file))
    if kinds:
        cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=120s")
    return kinds


def known(resource: dict[str, Any], kinds: set[tuple[str, str]]) -> bool:
    """Whether the API server has this resource's kind."""
    group = resource["apiVersion"].rpartition("/")[0]
    built_in = "." not in group or group in {"networking.k8s.io", "rbac.authorization.k8s.io"}
    return built_in or (group, resource["kind"]) in kinds


def apply(cluster: Cluster, overlay: str, resources: list[dict[str, Any]]) -> list[str]:
    """Apply an overlay twice; returns what is wrong."""
    spaces = [one for one in resources if one["kind"] == "Namespace"]
    for space in spaces:
        _put(cluster, [space])
    first = _put(cluster, resources)
    problems = [f"{overlay}: {line}" for line in first.stderr.splitlines() if line]
    before = _versions(cluster, resources)
    second = _put(cluster, resources)
    problems += [f"{overlay}, again: {line}" for line in second.stderr.splitlines() if line]
    changed = sorted(name for name, version in _versions(cluster, resources).items()
                     if before.get(name) != version)  # fmt: skip
    return problems + [f"{overlay}: a second apply changes {name}" for name in changed]


def _put(cluster: Cluster, resources: list[dict[str, Any]]) -> subprocess.CompletedProcess[str]:
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump_all(resources, file)
        file.flush()
        return cluster.kubectl("apply", *PLACE, "--filename", file.name, check=False)


def _versions(cluster: Cluster, resources: list[dict[str, Any]]) -> dict[str, str]:
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump_all(resources, file)
        file.flush()
        columns = "custom-columns=K:.kind,N:.metadata.name,V:.metadata.resourceVersion"
        shown = cluster.kubectl("get", "--filename", file.name, "--no-headers", "-o", columns)
    rows = [line.split() for line in shown.stdout.splitlines()]
    return {f"{kind} {name}": version for kind, name, version in rows}


def main(folders: list[str]) -> int:
    """Check all overlays; 0 where nothing is wrong."""
    problems = []
    with tempfile.TemporaryDirectory(prefix="tandem-kubernetes-") as scratch:
        cluster = Cluster(Path(scratch), Server(free_port()))
        with cluster.running():
            kinds = install_definitions(cluster, folders)
            for overlay in OVERLAYS:
                resources = rendered(overlay)
                taken = [one for one in resources if known(one, kinds)]
                left = Counter(one["kind"] for one in resources if not known(one, kinds))
                problems += apply(cluster, overlay, taken)
                print(f"{overlay:<11} {len(taken)} applied", *_told(left))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _told(left: Counter[str]) -> list[str]:
    return [
        "without a definition: " + ", ".join(f"{n} {k}" for k, n in sorted(left.items()))
    ] * bool(left)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
