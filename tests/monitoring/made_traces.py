"""Traces that are made up, and exported in parts as the services do it."""

import random
import time
from collections.abc import Iterable
from typing import Final, NamedTuple
from uuid import uuid4

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

SPANS_MAX: Final = 500
"""In one export."""
_NANOSECONDS: Final = 1_000_000_000
_STEP: Final = _NANOSECONDS // 1000


class MadeTrace(NamedTuple):
    """A trace of several spans, which takes `seconds` from the first one's start to the last's end.

    The last one has an error where it `failed`.
    """

    trace_id: bytes
    seconds: float
    failed: bool = False

    def span(self, name: str, *, ended: float = 0, failed: bool = False) -> Span:
        """A span of a millisecond that ended so many seconds after the trace's start."""
        end = _START + round(ended * _NANOSECONDS)
        return Span(
            trace_id=self.trace_id,
            span_id=uuid4().bytes[:8],
            name=name,
            kind=Span.SPAN_KIND_CONSUMER,
            start_time_unix_nano=end - _STEP if ended else end,
            end_time_unix_nano=end if ended else end + _STEP,
            status=Status(code=Status.STATUS_CODE_ERROR if failed else Status.STATUS_CODE_UNSET),
        )


def made(number: int, *, seconds: float, failed: bool = False) -> list[MadeTrace]:
    """So many traces alike; each call of a process makes others, and every run the same."""
    return [MadeTrace(_IDS.randbytes(16), seconds, failed) for _ in range(number)]


def export(url: str, service: str, spans: Iterable[Span]) -> None:
    """Send spans to a collector, each part of them as from another process of the service."""
    left = list(spans)
    while left:
        request = ExportTraceServiceRequest()
        resource = request.resource_spans.add()
        resource.resource.attributes.extend(
            KeyValue(key=key, value=AnyValue(string_value=value))
            for key, value in {
                "service.name": service,
                "service.namespace": "tandem",
                "service.instance.id": str(uuid4()),
            }.items()
        )
        resource.scope_spans.add().spans.extend(left[:SPANS_MAX])
        del left[:SPANS_MAX]
        answer = httpx.post(
            url + "/v1/traces",
            content=request.SerializeToString(),
            headers={"content-type": "application/x-protobuf"},
            timeout=30,
        )
        answer.raise_for_status()


_IDS: Final = random.Random("one in twenty")
_START: Final = time.time_ns() - 60 * _NANOSECONDS
