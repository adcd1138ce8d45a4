"""Traces: one from the webhook to the provider's answer, carried in Kafka headers and outbox rows.

Span attributes hold ids, counts and codes, never personal data, secrets or URLs.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import (
    INVALID_SPAN_CONTEXT,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACEPARENT = "traceparent"
TRACEPARENT_PARTS = 4
_PROPAGATOR = TraceContextTextMapPropagator()
_TRACER = trace.get_tracer("tandem")

AttributeValue = str | int | float | bool


def configure_tracing(
    *, service: str, otlp_endpoint: str | None, sample_ratio: float
) -> TracerProvider:
    """Install the tracer provider of this process; spans are exported where an endpoint is set."""
    provider = TracerProvider(
        resource=Resource.create({"service.name": service, "service.namespace": "tandem"}),
        sampler=ParentBased(TraceIdRatioBased(sample_ratio)),
    )
    if otlp_endpoint:
        exporter = OTLPSpanExporter(endpoint=otlp_endpoint.rstrip("/") + "/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return provider


def traceparent() -> str | None:
    """W3C `traceparent` of the current span, to be carried along."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get(TRACEPARENT)


def child_of(
    parent: str | None, name: str, attributes: Mapping[str, AttributeValue] | None = None
) -> str | None:
    """Note that a message is sent, as a span of no length under a carried `traceparent`.

    Returns what to carry along from there. It costs half of what `span` does, for whoever notes
    thousands of them a second.
    """
    context = Context()
    if parent is not None:
        context = trace.set_span_in_context(NonRecordingSpan(_span_context(parent)), context)
    noted = _TRACER.start_span(
        name, context, kind=SpanKind.PRODUCER, attributes=dict(attributes or {})
    )
    noted.end()
    here = noted.get_span_context()
    if not here.is_valid:
        return parent
    return f"00-{here.trace_id:032x}-{here.span_id:016x}-{here.trace_flags:02x}"


def _span_context(carried: str) -> SpanContext:
    try:
        _, trace_part, span_part, flags = carried.split("-", 3)
        return SpanContext(
            int(trace_part, 16), int(span_part, 16), True, TraceFlags(int(flags[:2], 16))
        )
    except ValueError:
        return INVALID_SPAN_CONTEXT


def trace_id(carried: str | None = None) -> str | None:
    """Trace id, 32 hex digits, of a carried `traceparent` or of the current span."""
    parts = (carried or traceparent() or "").split("-")
    return parts[1] if len(parts) >= TRACEPARENT_PARTS else None


@contextmanager
def span(
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: str | None = None,
    attributes: Mapping[str, AttributeValue] | None = None,
) -> Iterator[Span]:
    """Run the body in a span; `parent` is a carried `traceparent`, else the current span.

    Of an error that ends it the span tells the kind, not the message: that may be personal.
    """
    context = _PROPAGATOR.extract({TRACEPARENT: parent}) if parent else None
    with _TRACER.start_as_current_span(
        name,
        context=context,
        kind=kind,
        attributes=dict(attributes or {}),
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield current
        except Exception as error:
            current.set_status(StatusCode.ERROR, type(error).__name__)
            raise


def call_of(provider: str, operation: str) -> AbstractContextManager[Span]:
    """Run the body, a call to a provider, in a span; `peer.service` says whom it asks."""
    return span(
        f"{provider}.{operation}", kind=SpanKind.CLIENT, attributes={"peer.service": provider}
    )
