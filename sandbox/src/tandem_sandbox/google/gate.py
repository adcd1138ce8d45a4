"""Owns what comes before and after every operation: the token, faults, errors, the call log.

An operation that a fault stops is not carried out; one whose answer a fault loses is.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tandem_sandbox.faults import REQUEST_KINDS, Fault, FaultKind, LostAnswer
from tandem_sandbox.google import errors
from tandem_sandbox.google.ask import Answer, Ask
from tandem_sandbox.google.errors import GoogleError
from tandem_sandbox.google.model import Mailbox
from tandem_sandbox.google.partial import Mask, cut, read_mask
from tandem_sandbox.world import World

OK = 200
CALENDAR_SCOPE = "https://www.googleapis.com/auth/calendar"
JSON = "application/json; charset=UTF-8"
GATEWAY_PAGE = (
    "<html><title>Error 403 (Forbidden)!!1</title>"
    "<p>Your client does not have permission to get this URL from this server.</html>"
)


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that the API can do."""

    name: str
    method: str
    path: str
    run: Callable[[Ask], Answer]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that came alone or within a batch."""

    target: str
    path: Mapping[str, str]
    query: QueryParams
    headers: Headers
    content: bytes
    batched: bool = False


class Gate:
    """Lets requests through to their operations."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def admit(self, operation: Operation, request: Request) -> Response:
        """Answer a request that came alone."""
        arrival = Arrival(
            request.url.path,
            request.path_params,
            request.query_params,
            request.headers,
            await request.body(),
        )
        return await self.serve(operation, arrival)

    async def serve(self, operation: Operation, arrival: Arrival) -> Response:
        """Answer a request and note it in the call log."""
        mailbox = None
        fault = None
        try:
            mailbox = self._holder(arrival)
            fault = self._fault(operation, arrival, mailbox)
            response = await meet(fault)
            if response is None:
                ask = Ask(mailbox, arrival.path, arrival.query, arrival.headers, arrival.content)
                mask = read_mask(ask.query["fields"]) if "fields" in ask.query else {}
                response = _rendered(operation.run(ask), mask)
        except GoogleError as error:
            response = rendered_error(error)
        self._world.calls.record(
            "google",
            operation.name,
            operation.method,
            arrival.target,
            mailbox.email if mailbox else None,
            response.status_code,
            self._world.clock.now(),
            batched=arrival.batched,
        )
        if fault is not None and fault.kind is FaultKind.TIMEOUT_AFTER_WRITE:
            return LostAnswer(fault)
        return response

    def _holder(self, arrival: Arrival) -> Mailbox:
        scheme, _, token = arrival.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            token = arrival.query.get("access_token", arrival.query.get("oauth_token", ""))
        if not token:
            raise errors.login_required()
        mailbox = self._world.google.by_token(token, self._world.clock.now())
        if mailbox is None:
            raise errors.invalid_credentials()
        access = self._world.google.grants.access.get(token)
        if access is not None and CALENDAR_SCOPE not in access.scope:
            raise errors.GoogleError(403, "insufficientPermissions", "Insufficient Permission")
        return mailbox

    def _fault(self, operation: Operation, arrival: Arrival, mailbox: Mailbox) -> Fault | None:
        kinds = REQUEST_KINDS
        if "syncToken" not in arrival.query:
            kinds -= {FaultKind.GONE}
        return self._world.faults.take("google", operation.name, mailbox.email, kinds=kinds)


async def meet(fault: Fault | None) -> Response | None:
    """What a fault has answered instead; none where the request is carried out."""
    match fault.kind if fault else None:
        case FaultKind.LATENCY if fault:
            await fault.hold()
        case FaultKind.STATUS if fault:
            response = rendered_error(errors.of_status(fault.status, fault.reason))
            if fault.retry_after is not None:
                response.headers["Retry-After"] = str(fault.retry_after)
            return response
        case FaultKind.GONE:
            return rendered_error(errors.full_sync_required())
        case FaultKind.HTML_403:
            return HTMLResponse(GATEWAY_PAGE, 403)
        case _:
            pass
    return None


def rendered_error(error: GoogleError) -> Response:
    """An error as Google sends it."""
    response = Response(json.dumps(error.body()), error.status, media_type=JSON)
    if error.status == errors.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = (
            'Bearer realm="https://accounts.google.com/", error="invalid_token"'
        )
    return response


def _rendered(answer: Answer, mask: Mask) -> Response:
    if answer.body is None:
        status = 204 if answer.status == OK else answer.status
        return Response(status_code=status, headers=answer.headers)
    text = json.dumps(cut(answer.body, mask), ensure_ascii=False, separators=(",", ":"))
    return Response(text, answer.status, headers=answer.headers, media_type=JSON)
