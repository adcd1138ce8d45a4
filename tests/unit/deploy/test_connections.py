"""Whether PostgreSQL grants what all pods could ask for that scaling may start."""

from typing import Any

from tools.check_connections import connection_problems


def _deployment(name: str, service: str) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/name": service}},
        "spec": {"replicas": 2, "template": {"spec": {"containers": []}}},
    }


def _overlay(*, granted: int, each: str) -> list[dict[str, Any]]:
    scaled = {"scaleTargetRef": {"name": "crm-ingest-writer"}, "maxReplicaCount": 12}
    parameters = {"max_connections": str(granted)}
    return [
        _deployment("crm-ingest-writer", "crm-ingest"),
        _deployment("reconciler", "reconciler"),
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "tandem-settings-1"},
            "data": {"DATABASE_CONNECTIONS_MAX": each},
        },
        {
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledObject",
            "metadata": {"name": "crm-ingest-writer"},
            "spec": scaled,
        },
        {
            "apiVersion": "postgresql.cnpg.io/v1",
            "kind": "Cluster",
            "metadata": {"name": "tandem"},
            "spec": {"postgresql": {"parameters": parameters}},
        },
    ]


def test_what_scaling_may_ask_for_is_counted_with_both_pools():
    # Twelve pods with two pools, two with one: 26 pools of five.
    assert not list(connection_problems(_overlay(granted=180, each="5")))
    [problem] = connection_problems(_overlay(granted=179, each="5"))
    assert problem == "Cluster tandem: 130 connections may be asked for, of 179"
