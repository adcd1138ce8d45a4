"""Many requests in one: each is served, logged and troubled by faults as if it came alone.

A fault of the operation ``batch`` troubles the whole.
"""

from email.message import Message
from email.parser import BytesParser
from http import HTTPStatus
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from tandem_sandbox.faults import REQUEST_KINDS, FaultKind, LostAnswer
from tandem_sandbox.google import errors
from tandem_sandbox.google.errors import GoogleError
from tandem_sandbox.google.gate import Arrival, Gate, Operation, meet, rendered_error
from tandem_sandbox.world import World

CALLS_MAX = 50
OPERATION = "batch"
KINDS = REQUEST_KINDS - {FaultKind.GONE}
BASE = "/calendar/v3"


class Batch:
    """Serves batches."""

    def __init__(self, world: World, gate: Gate, operations: list[Operation]) -> None:
        self._world = world
        self._gate = gate
        self._routes = [(_route(one), one) for one in operations]

    async def admit(self, request: Request) -> Response:
        """Answer a batch."""
        account = self._account(request)
        fault = self._world.faults.take("google", OPERATION, account, kinds=KINDS)
        response = await meet(fault) or await self._carried_out(request)
        self._world.calls.record(
            "google",
            OPERATION,
            request.method,
            request.url.path,
            account,
            response.status_code,
            self._world.clock.now(),
        )
        if fault is not None and fault.kind is FaultKind.TIMEOUT_AFTER_WRITE:
            return LostAnswer(fault)
        return response

    def _account(self, request: Request) -> str | None:
        token = request.headers.get("authorization", "").rpartition(" ")[2]
        mailbox = self._world.google.by_token(token, self._world.clock.now())
        return mailbox.email if mailbox else None

    async def _carried_out(self, request: Request) -> Response:
        try:
            calls = _calls(request, await request.body())
        except GoogleError as error:
            return rendered_error(error)
        return await self._answers(request, calls)

    async def _answers(self, request: Request, calls: list[Message]) -> Response:
        boundary = f"batch_{uuid4().hex}"
        parts = []
        for call in calls:
            answer = await self._answer(request, call)
            if isinstance(answer, LostAnswer):
                return answer
            head = ["Content-Type: application/http"]
            if call["Content-ID"]:
                head.append(f"Content-ID: <response-{call['Content-ID'].strip().lstrip('<')}")
            parts.append(f"--{boundary}\r\n{_lines(head)}\r\n".encode() + _written(answer))
        parts.append(f"--{boundary}--\r\n".encode())
        media_type = f"multipart/mixed; boundary={boundary}"
        return Response(b"\r\n".join(parts), media_type=media_type)

    async def _answer(self, request: Request, call: Message) -> Response:
        payload = call.get_payload(decode=True)
        first, _, rest = (payload if isinstance(payload, bytes) else b"").partition(b"\n")
        inner = BytesParser().parsebytes(rest)
        words = first.decode().split()
        if len(words) < 2:  # noqa: PLR2004 - a method and a target
            return rendered_error(errors.invalid("Malformed request line."))
        method, target = words[0].upper(), urlsplit(words[1])
        _, _, path = target.path.partition(BASE)
        headers = dict(inner.items())
        if "authorization" not in Headers(headers) and "authorization" in request.headers:
            headers["authorization"] = request.headers["authorization"]
        content = inner.get_payload(decode=True)
        for route, operation in self._routes:
            match, scope = route.matches({"type": "http", "method": method, "path": unquote(path)})
            if match is Match.FULL:
                arrival = Arrival(
                    target.path,
                    scope["path_params"],
                    QueryParams(target.query),
                    Headers(headers),
                    content if isinstance(content, bytes) else b"",
                    batched=True,
                )
                return await self._gate.serve(operation, arrival)
        return rendered_error(errors.not_found())


def _calls(request: Request, content: bytes) -> list[Message]:
    content_type = request.headers.get("content-type", "")
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + content)
    calls = message.get_payload()
    if not message.is_multipart() or not isinstance(calls, list):
        raise errors.GoogleError(400, "badRequest", "Failed to parse batch request.")
    if len(calls) > CALLS_MAX:
        raise errors.GoogleError(
            400, "badRequest", f"The batch request can hold at most {CALLS_MAX} calls."
        )
    return [one for one in calls if isinstance(one, Message)]


def _written(answer: Response) -> bytes:
    head = [f"HTTP/1.1 {answer.status_code} {HTTPStatus(answer.status_code).phrase}"]
    head += [f"{name}: {value}" for name, value in answer.headers.items()]
    if "content-length" not in answer.headers:
        head.append("content-length: 0")
    return _lines(head).encode() + b"\r\n" + bytes(answer.body)


def _lines(lines: list[str]) -> str:
    return "".join(f"{line}\r\n" for line in lines)


def _route(operation: Operation) -> Route:
    async def never(_: Request) -> Response:
        raise NotImplementedError

    return Route(operation.path, never, methods=[operation.method])
