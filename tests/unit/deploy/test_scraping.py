"""Whether somebody reads the figures that pods tell."""

from typing import Any

import pytest
from tools.check_scraping import scraping_problems

COLLECTOR = {
    "kind": "Deployment",
    "metadata": {"name": "otel-collector"},
    "spec": {
        "template": {
            "metadata": {"labels": {"name": "otel-collector", "part-of": "tandem"}},
            "spec": {"containers": [{"ports": [{"name": "metrics", "containerPort": 8889}]}]},
        }
    },
}


def _monitor(*, name: str = "otel-collector", port: str = "metrics") -> dict[str, Any]:
    return {
        "kind": "PodMonitor",
        "metadata": {"name": "spans"},
        "spec": {
            "selector": {"matchLabels": {"name": name}},
            "podMetricsEndpoints": [{"port": port}],
        },
    }


@pytest.mark.parametrize("monitor", [_monitor(name="another"), _monitor(port="http")])
def test_figures_that_nobody_reads_are_a_problem(monitor: dict[str, Any]):
    assert [*scraping_problems([COLLECTOR, monitor])] == [
        "Deployment otel-collector: nobody reads its figures"
    ]
    assert not [*scraping_problems([COLLECTOR, monitor, _monitor()])]


def test_where_no_figures_are_read_none_are_missed():
    assert not [*scraping_problems([COLLECTOR])]
