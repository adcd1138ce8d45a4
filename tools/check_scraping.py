"""Whether somebody reads the figures that pods tell."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

PORT: Final = "metrics"
"""What a pod calls the port at which it tells figures and nothing else."""

Resource = dict[str, Any]


def scraping_problems(resources: Iterable[Resource]) -> Iterator[str]:
    """Whose figures nobody reads, where figures are read at all."""
    kept = list(resources)
    monitors = [one for one in kept if one["kind"] == "PodMonitor"]
    for resource in kept if monitors else ():
        if resource["kind"] not in {"Deployment", "StatefulSet"}:
            continue
        pod = resource["spec"]["template"]
        if _tells_figures(pod) and not any(_reads(one, pod) for one in monitors):
            yield f"{resource['kind']} {resource['metadata']['name']}: nobody reads its figures"


def _tells_figures(pod: Resource) -> bool:
    containers = pod["spec"]["containers"]
    return any(port.get("name") == PORT for one in containers for port in one.get("ports", []))


def _reads(monitor: Resource, pod: Resource) -> bool:
    wanted = monitor["spec"]["selector"].get("matchLabels", {}).items()
    ports = {one["port"] for one in monitor["spec"]["podMetricsEndpoints"]}
    return PORT in ports and wanted <= pod["metadata"]["labels"].items()
