"""A demo with a trace store: what its history rows link to is the trace of the change."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.e2e.company import Company
from tests.e2e.person import in_days
from tests.e2e.stacks import running
from tests.e2e.waiting import eventually

from tandem_embedded.stack import Stack

EVERY_HOP = {"crm-ingest", "reconciler", "calendar-ingest"}


@pytest.fixture(scope="module")
def traced(scratch: Path) -> Iterator[Stack]:
    """All processes, with Zipkin beside them."""
    yield from running(scratch / "traced", traces=True)


def test_a_history_row_links_to_the_trace_of_its_change(traced: Stack):
    with Company.found(traced) as company:
        person = company.first
        person.connect()
        activity = person.create_activity("Traced", in_days(2))
        person.event_named("Traced")
        trace_id = person.told(activity["id"], "created")["trace_id"]
        shown = f"{traced.urls['traces']}/zipkin/traces/{trace_id}"
        page = person.tandem.get(f"/connections/{person.connection_id}/history")
        assert f'href="{shown}"' in page.text
        assert httpx.get(shown).is_success

        def whole() -> bool:
            """Every hop is there, and the parent of every span."""
            found = httpx.get(f"{traced.urls['traces']}/api/v2/trace/{trace_id}")
            spans: list[dict[str, Any]] = found.json() if found.is_success else []
            known = {one["id"] for one in spans}
            hops = {one["localEndpoint"]["serviceName"] for one in spans}
            return hops >= EVERY_HOP and all(
                one.get("parentId", one["id"]) in known for one in spans
            )

        eventually(whole, what="a whole trace")


def test_the_intake_refuses_what_is_no_export(traced: Stack):
    assert traced.traces is not None
    intake = traced.traces.intake_url + "/v1/traces"
    assert httpx.post(intake, content=b"\xff\xff no protobuf").status_code == 400
    assert httpx.post(intake, content=bytes(8 * 1024 * 1024 + 1)).status_code == 413
