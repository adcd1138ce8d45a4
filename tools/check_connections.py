"""Whether PostgreSQL grants what all pods could ask for that scaling may start."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

POOLS: Final = {"crm-ingest": 2, "calendar-ingest": 2, "reconciler": 1, "settings-api": 2}
"""Pools of each process: one for its schema, one for the credentials where it needs them."""
POOL_SIZE: Final = 10
"""What a pool may hold where `DATABASE_CONNECTIONS_MAX` says nothing."""
KEPT_FREE: Final = 50
"""Connections for people, jobs, monitoring, and pods that are on their way out."""

Resource = dict[str, Any]


def connection_problems(resources: Iterable[Resource]) -> Iterator[str]:
    """Which cluster of PostgreSQL grants too little to a rendered overlay."""
    kept = list(resources)
    for cluster in kept:
        if cluster["kind"] != "Cluster" or not cluster["apiVersion"].startswith("postgresql."):
            continue
        granted = int(cluster["spec"]["postgresql"]["parameters"]["max_connections"])
        wanted = _pool_size(kept) * sum(
            _most_pods(one, kept) * POOLS.get(_service_of(one), 0)
            for one in kept
            if one["kind"] == "Deployment"
        )
        if wanted > granted - KEPT_FREE:
            name = cluster["metadata"]["name"]
            yield f"Cluster {name}: {wanted} connections may be asked for, of {granted}"


def _pool_size(resources: Iterable[Resource]) -> int:
    told = [one.get("data", {}) for one in resources if one["kind"] == "ConfigMap"]
    sizes = [one["DATABASE_CONNECTIONS_MAX"] for one in told if "DATABASE_CONNECTIONS_MAX" in one]
    return int(sizes[0]) if sizes else POOL_SIZE


def _most_pods(deployment: Resource, resources: Iterable[Resource]) -> int:
    scaled = [
        int(one["spec"]["maxReplicaCount"])
        for one in resources
        if one["kind"] == "ScaledObject"
        and one["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    ]
    return max([*scaled, int(deployment["spec"].get("replicas", 1))])


def _service_of(resource: Resource) -> str:
    return str(resource["metadata"].get("labels", {}).get("app.kubernetes.io/name", ""))
