"""One trace through records and outbox rows; logs that are JSON, with it, and without secrets."""

import json
import subprocess
import sys
from typing import Any

import pytest
from tests.unit.contracts.examples import EXAMPLES
from tests.unit.runtime.doubles import TRACE

from tandem.contracts.topics import CRM_ACTIVITIES
from tandem.runtime.outbox import Outbox
from tandem.runtime.publisher import outgoing
from tandem.runtime.telemetry import configure_tracing, span, trace_id, traceparent

MESSAGE = EXAMPLES["activity_gone"]


@pytest.fixture(scope="module", autouse=True)
def _tracing():
    configure_tracing(service="test", otlp_endpoint=None, sample_ratio=1.0)


class FakeDatabase:
    """Keeps what is inserted."""

    def __init__(self):
        self.columns: tuple[Any, ...] = ()

    async def execute(self, _statement, *columns):
        self.columns = columns


async def test_a_trace_goes_on_behind_the_outbox():
    database: Any = FakeDatabase()
    with span("webhook"):
        began = trace_id()
        await Outbox(schema="crm").add(database, [outgoing(CRM_ACTIVITIES, MESSAGE)])
    (stored,) = database.columns[3]
    assert trace_id(stored) == began
    assert traceparent() is None
    with span("relay", parent=stored):
        assert trace_id() == began


def test_a_message_that_follows_from_another_carries_its_trace():
    with span("something else"):
        assert outgoing(CRM_ACTIVITIES, MESSAGE, trace=TRACE).trace == TRACE
    with span("handle", parent=TRACE):
        assert trace_id() == trace_id(TRACE) == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize("odd", ["", "abc", "a-b", "\ufffd", None])
def test_a_trace_that_can_not_be_read_is_none(odd):
    assert trace_id(odd) is None
    with span("handle", parent=odd):
        assert trace_id() is not None


SCRIPT = """
import logging
from pydantic import SecretStr
from tandem.contracts.activities import ActivityGone
from tandem.runtime.logs import LOG, configure_logs
from tandem.runtime.telemetry import configure_tracing, span, trace_id

configure_tracing(service="crm-ingest", otlp_endpoint=None, sample_ratio=1.0)
configure_logs(service="crm-ingest", level="INFO")
person = "bo" + "b@x.example"
with span("handle"):
    print(trace_id())
    LOG.info("state_changed", token=SecretStr("hunter2"), count=1)
    LOG.debug("not_shown")
    logging.getLogger("library").warning("from a %s", "library")
    logging.getLogger("httpx").info("GET /calendars/%s", person)
    try:
        ActivityGone.model_validate({"message_id": person})
    except ValueError:
        LOG.warning("failed", exc_info=True)
LOG.info("outside")
"""


def test_logs_are_json_lines_with_their_trace_and_without_secrets_or_people():
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=60
    )
    lines = [json.loads(line) for line in ran.stderr.splitlines()]
    assert [line["event"] for line in lines] == [
        "state_changed",
        "from a library",
        "failed",
        "outside",
    ]
    traces = [line.get("trace_id") for line in lines]
    assert traces == [ran.stdout.strip()] * 3 + [None]
    assert {line["service"] for line in lines} == {"crm-ingest"}
    assert {line["level"] for line in lines} == {"info", "warning"}
    assert all(line["timestamp"].endswith("Z") for line in lines)
    assert "ValidationError" in lines[2]["exception"]
    assert "hunter2" not in ran.stderr
    assert "bob" not in ran.stderr
