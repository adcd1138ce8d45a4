"""Spans as OpenTelemetry exports them, as Zipkin takes them.

Source: OpenTelemetry specification, "OpenTelemetry to Zipkin transformation". Zipkin knows no
links between spans, so those are told as tags.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

_KINDS: Final = {
    Span.SPAN_KIND_CLIENT: "CLIENT",
    Span.SPAN_KIND_SERVER: "SERVER",
    Span.SPAN_KIND_PRODUCER: "PRODUCER",
    Span.SPAN_KIND_CONSUMER: "CONSUMER",
}
_STATUSES: Final = {Status.STATUS_CODE_OK: "OK", Status.STATUS_CODE_ERROR: "ERROR"}
_US: Final = 1000
"""Nanoseconds in a microsecond."""


def zipkin_spans(exported: ExportTraceServiceRequest) -> list[dict[str, Any]]:
    """The spans of an export request as items of Zipkin's `POST /api/v2/spans`."""
    return [
        _span(span, service=_tags(resource.resource.attributes).get("service.name", "unknown"))
        for resource in exported.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def _span(span: Span, *, service: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "traceId": span.trace_id.hex(),
        "id": span.span_id.hex(),
        "name": span.name,
        "timestamp": span.start_time_unix_nano // _US,
        "duration": max(1, (span.end_time_unix_nano - span.start_time_unix_nano) // _US),
        "localEndpoint": {"serviceName": service},
        "tags": _tags(span.attributes) | dict(_status(span)) | dict(_links(span)),
        "annotations": [
            {"timestamp": event.time_unix_nano // _US, "value": _event(event)}
            for event in span.events
        ],
    }
    if span.parent_span_id:
        told["parentId"] = span.parent_span_id.hex()
    if span.kind in _KINDS:
        told["kind"] = _KINDS[span.kind]
    return told


def _status(span: Span) -> Iterator[tuple[str, str]]:
    code = _STATUSES.get(span.status.code)
    if code is None:
        return
    yield "otel.status_code", code
    if code == "ERROR":
        yield "error", span.status.message


def _links(span: Span) -> Iterator[tuple[str, str]]:
    for number, link in enumerate(span.links):
        yield f"link.{number}", link.trace_id.hex()


def _event(event: Span.Event) -> str:
    attributes = _tags(event.attributes)
    return json.dumps({event.name: attributes}) if attributes else event.name


def _tags(attributes: Iterable[KeyValue]) -> dict[str, str]:
    return {one.key: _text(one.value) for one in attributes}


def _text(value: AnyValue) -> str:
    match value.WhichOneof("value"):
        case None:
            return ""
        case "string_value":
            return value.string_value
        case "array_value":
            return ",".join(_text(one) for one in value.array_value.values)
        case "bool_value":
            return str(value.bool_value).lower()
        case name:
            return str(getattr(value, name))
