"""Spans of messages and of calls: whose they are, and what they tell of an error."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from tandem.runtime import telemetry

CARRIED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def exporter(monkeypatch):
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "_TRACER", provider.get_tracer("tests"))
    yield exporter
    provider.shutdown()


def test_a_child_belongs_to_the_carried_trace(exporter):
    told = telemetry.child_of(CARRIED, "decide", {"reason": "created"})
    (span,) = exporter.get_finished_spans()
    assert told is not None
    assert telemetry.trace_id(told) == telemetry.trace_id(CARRIED)
    assert told.split("-")[2] == f"{span.context.span_id:016x}"
    assert f"{span.parent.span_id:016x}" == CARRIED.split("-")[2]
    assert dict(span.attributes) == {"reason": "created"}


@pytest.mark.parametrize("carried", [None, "nonsense", "00-zz-yy-01", "00-1-2"])
def test_without_a_usable_trace_a_new_one_begins(exporter, carried):
    told = telemetry.child_of(carried, "decide")
    (span,) = exporter.get_finished_spans()
    assert span.parent is None
    assert telemetry.trace_id(told) == f"{span.context.trace_id:032x}"


def test_a_call_names_its_provider_and_tells_the_kind_of_an_error_only(exporter):
    with pytest.raises(OSError, match="private"), telemetry.call_of("google", "events.insert"):
        raise OSError("private words")
    (span,) = exporter.get_finished_spans()
    assert (span.name, span.kind) == ("google.events.insert", SpanKind.CLIENT)
    assert dict(span.attributes) == {"peer.service": "google"}
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "OSError")
    assert span.events == ()
