"""Receives the traces of a stack over OTLP/HTTP."""

import gzip
import threading
from collections import defaultdict
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Span:
    """One span as it was exported; `attributes` as text."""

    service: str
    name: str
    span_id: str
    parent_id: str
    attributes: str


class SpanReceiver:
    """Keeps spans by trace id."""

    def __init__(self) -> None:
        self._traces: dict[str, list[Span]] = defaultdict(list)
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers["content-encoding"] == "gzip":
                    body = gzip.decompress(body)
                receiver.take(body)
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)

    @property
    def url(self) -> str:
        """Endpoint for the services."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        """Start."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def take(self, body: bytes) -> None:
        """Keep what an exporter sent."""
        request = ExportTraceServiceRequest.FromString(body)
        with self._lock:
            for resource in request.resource_spans:
                service = next(
                    one.value.string_value
                    for one in resource.resource.attributes
                    if one.key == "service.name"
                )
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        self._traces[span.trace_id.hex()].append(
                            Span(
                                service,
                                span.name,
                                span.span_id.hex(),
                                span.parent_span_id.hex(),
                                str(span.attributes),
                            )
                        )

    def trace(self, trace_id: str) -> list[Span]:
        """The spans of a trace that have come so far."""
        with self._lock:
            return list(self._traces[trace_id])

    def trace_ids(self) -> set[str]:
        """The traces of which something has come so far."""
        with self._lock:
            return {trace_id for trace_id, spans in self._traces.items() if spans}

    def all(self) -> list[Span]:
        """Every span that has come so far."""
        with self._lock:
            return [span for spans in self._traces.values() for span in spans]
