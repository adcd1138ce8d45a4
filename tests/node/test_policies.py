"""The network policies of `local`, on a node that holds its pods to them."""

import pytest

OPEN = [
    ("settings-api", "crm-ingest", 8080),
    ("settings-api", "calendar-ingest", 8080),
    ("settings-api", "reconciler", 8080),
    ("sandbox", "crm-ingest", 8080),
    ("sandbox", "calendar-ingest", 8080),
    ("crm-ingest", "sandbox", 8090),
    ("reconciler", "kafka", 9092),
    ("reconciler", "postgresql", 5432),
]
CLOSED = [
    ("reconciler", "settings-api", 8080),
    ("reconciler", "crm-ingest", 8080),
    ("crm-ingest", "calendar-ingest", 8080),
    ("calendar-ingest", "settings-api", 8080),
    ("sandbox", "reconciler", 8080),
    ("kafka", "crm-ingest", 8080),
    ("kafka", "settings-api", 8080),
]


@pytest.mark.parametrize(("name", "host", "port"), OPEN)
def test_a_pod_reaches_what_it_needs(node, installation, name, host, port):
    assert node.reaches(installation.container_of(name), host, port)


@pytest.mark.parametrize(("name", "host", "port"), CLOSED)
def test_a_pod_does_not_reach_what_it_does_not_need(node, installation, name, host, port):
    assert not node.reaches(installation.container_of(name), host, port)
