"""One running stack for all journeys; each journey has a company of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.founded import company
from tests.e2e.spans import SpanReceiver
from tests.e2e.stacks import running

from tandem_embedded.stack import Stack

__all__ = ["company"]
SWEEP_S = 5


@pytest.fixture(scope="session")
def spans() -> Iterator[SpanReceiver]:
    """Where the stack sends its traces."""
    with SpanReceiver() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def stack(scratch: Path, spans: SpanReceiver) -> Iterator[Stack]:
    """All processes, on ports of their own; sweeps come often, so that healing is seen."""
    yield from running(
        scratch / "e2e",
        overrides={
            "SWEEP_INTERVAL_S": str(SWEEP_S),
            "SWEEP_QUIET_INTERVAL_S": str(SWEEP_S),
            "GOOGLE_USER_REQUESTS_PER_MINUTE": "60000",
            "OTEL_EXPORTER_OTLP_ENDPOINT": spans.url,
            "OTEL_BSP_SCHEDULE_DELAY": "500",
            # A backfill makes more spans at once than are kept by default: none is to be dropped.
            "OTEL_BSP_MAX_QUEUE_SIZE": "50000",
        },
    )
