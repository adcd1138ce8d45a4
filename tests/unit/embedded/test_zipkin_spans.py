"""Spans as the services export them, told as Zipkin takes them."""

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

from tandem_embedded.zipkin_spans import zipkin_spans


def test_a_trace_keeps_its_ids_kinds_times_attributes_and_errors():
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource.create({"service.name": "crm-ingest"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("elsewhere") as other:
        elsewhere = other.get_span_context()
    with (
        tracer.start_as_current_span("webhook", kind=SpanKind.SERVER) as webhook,
        tracer.start_as_current_span(
            "write",
            kind=SpanKind.CLIENT,
            links=[Link(elsewhere)],
            attributes={"status": 503, "kept": True, "ids": ["a", "b"]},
        ) as write,
    ):
        write.add_event("retried", {"after_s": 2})
        write.add_event("refused")
        write.set_status(Status(StatusCode.ERROR, "busy"))
    spans = exporter.get_finished_spans()
    told = {one["name"]: one for one in zipkin_spans(encode_spans(spans))}
    parent = webhook.get_span_context()
    assert told["webhook"]["kind"] == "SERVER"
    assert "parentId" not in told["webhook"]
    assert "kind" not in told["elsewhere"]
    inner = told["write"]
    assert (inner["traceId"], inner["parentId"]) == (
        f"{parent.trace_id:032x}",
        f"{parent.span_id:016x}",
    )
    assert (inner["kind"], inner["localEndpoint"]) == ("CLIENT", {"serviceName": "crm-ingest"})
    assert inner["tags"] == {
        "status": "503",
        "kept": "true",
        "ids": "a,b",
        "otel.status_code": "ERROR",
        "error": "busy",
        "link.0": f"{elsewhere.trace_id:032x}",
    }
    assert [one["value"] for one in inner["annotations"]] == [
        '{"retried": {"after_s": "2"}}',
        "refused",
    ]
    (ended,) = [one for one in spans if one.name == "write"]
    assert ended.start_time is not None
    assert ended.end_time is not None
    assert inner["timestamp"] == ended.start_time // 1000
    assert inner["duration"] == max(1, (ended.end_time - ended.start_time) // 1000)
