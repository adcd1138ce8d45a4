"""A stack at work with a collector and a Prometheus that watch it: worked and troubled once."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chaos.workload import OVERRIDES
from tests.e2e.company import Company
from tests.e2e.spans import SpanReceiver
from tests.e2e.stacks import running
from tests.monitoring.collector import Collector
from tests.monitoring.happenings import happen
from tests.monitoring.prometheus import Prometheus

from tandem_embedded.stack import Stack


@pytest.fixture(scope="session")
def collector_program() -> Path:
    """The collector that was built."""
    return Path(os.environ["COLLECTOR"]).resolve()


@pytest.fixture(scope="session")
def collector(scratch: Path, collector_program: Path) -> Iterator[Collector]:
    """Takes the stack's traces."""
    with (
        SpanReceiver() as kept,
        Collector(
            collector_program, folder=scratch / "collector", trace_store_url=kept.url
        ) as taking,
    ):
        yield taking


@pytest.fixture(scope="session")
def stack(scratch: Path, collector: Collector) -> Iterator[Stack]:
    """All processes, on ports of their own."""
    traced = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "500",
    }
    yield from running(scratch / "watched", overrides={**OVERRIDES, **traced})


@pytest.fixture(scope="session")
def prometheus(scratch: Path, stack: Stack, collector: Collector) -> Iterator[Prometheus]:
    """Prometheus, from before the first change until everything has happened and was read."""
    program = Path(os.environ["PROMETHEUS"]).resolve()
    with Prometheus(
        program, folder=scratch / "prometheus", stack=stack, spans_url=collector.metrics_url
    ) as watching:
        watching.wait_for_scrapes(2)
        with Company.found(stack, people=3) as company:
            happen(stack, company)
            watching.wait_for_scrapes(3)
            yield watching
