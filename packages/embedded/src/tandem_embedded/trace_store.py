"""Zipkin: keeps the traces of a demo in memory, and shows them on pages of its own.

Zipkin does not take what OpenTelemetry exports, and its module that does is not on Maven Central;
so an intake beside it takes the spans over OTLP/HTTP and passes them on.
"""

import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import httpx
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tandem_embedded.addresses import HOST
from tandem_embedded.maven import can_run, jars, java
from tandem_embedded.processes import Child
from tandem_embedded.zipkin_spans import zipkin_spans

VERSION: Final = "3.5.1"
READY_S: Final = 90.0
SPANS_MAX: Final = 200_000
"""What is kept; older ones make way."""
BODY_BYTES_MAX: Final = 8 * 1024 * 1024
_NAME: Final = f"zipkin-{VERSION}"
_HEAP: Final = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


class TraceStore:
    """The store on `port`, and its intake on a port of its own."""

    def __init__(self, *, port: int, intake_port: int, log: Path) -> None:
        self.url = f"http://{HOST}:{port}"
        self.intake_url = f"http://{HOST}:{intake_port}"
        self._intake_port = intake_port
        self._child = Child("Zipkin", _command(port), log=log, env=_environment())
        self._intake: ThreadingHTTPServer | None = None

    @property
    def page_url(self) -> str:
        """Where a trace is shown; `{trace_id}` stands for its id."""
        return self.url + "/zipkin/traces/{trace_id}"

    def start(self) -> None:
        """Start it, and return once it takes spans."""
        self._child.start()
        self._child.wait_until(self._is_healthy, seconds=READY_S)
        self._intake = ThreadingHTTPServer(
            (HOST, self._intake_port), partial(_Intake, self.url + "/api/v2/spans")
        )
        threading.Thread(target=self._intake.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Stop it; the traces are gone."""
        if self._intake is not None:
            self._intake.shutdown()
            self._intake.server_close()
            self._intake = None
        self._child.stop()

    def _is_healthy(self) -> bool:
        try:
            return httpx.get(self.url + "/health", timeout=2).is_success
        except httpx.HTTPError:
            return False


class _Intake(BaseHTTPRequestHandler):
    """`POST /v1/traces` in protobuf, as the services' exporter sends it."""

    def __init__(self, spans_url: str, *arguments: object) -> None:
        self._spans_url = spans_url
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_POST(self) -> None:
        """Pass spans on; 400 for what is no export, 413 for too much, 502 where Zipkin refuses."""
        length = int(self.headers.get("content-length") or 0)
        if length > BODY_BYTES_MAX:
            self._answer(413)
            return
        try:
            exported = ExportTraceServiceRequest.FromString(self.rfile.read(length))
        except DecodeError:
            self._answer(400)
            return
        try:
            taken = httpx.post(self._spans_url, json=zipkin_spans(exported), timeout=10)
        except httpx.HTTPError:
            self._answer(502)
            return
        self._answer(200 if taken.is_success else 502)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()


def traces_can_be_kept() -> bool:
    """Whether Zipkin is here or can be brought, and Java can run it."""
    return can_run(_NAME)


def _command(port: int) -> list[str]:
    artifact = f"io.zipkin:zipkin-server:{VERSION}:jar:exec"
    folder = jars(_NAME, "copy", f"-Dartifact={artifact}")
    listener = {"ip": HOST, "port": str(port), "protocols[0]": "http"}
    return [
        java() or "java",
        *_HEAP,
        *("-jar", str(folder / f"zipkin-server-{VERSION}-exec.jar")),
        *(f"--armeria.ports[0].{name}={value}" for name, value in listener.items()),
    ]


def _environment() -> dict[str, str]:
    return {"STORAGE_TYPE": "mem", "MEM_MAX_SPANS": str(SPANS_MAX)}
