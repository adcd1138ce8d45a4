"""Turns answers, errors and ordered troubles into what goes over the wire."""

import json
from typing import Final

from starlette.responses import HTMLResponse, Response

from tandem_sandbox.faults import Fault, FaultKind
from tandem_sandbox.pipedrive.ask import Answer
from tandem_sandbox.pipedrive.errors import PipedriveError, invalid

JSON: Final = "application/json"
GATEWAY_PAGE: Final = (
    "<html><title>Access denied</title><h1>Error 1015: you are being rate limited</h1></html>"
)
MESSAGES: Final = {
    401: "unauthorized access",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    429: "Rate limit exceeded",
}


def rendered(answer: Answer) -> Response:
    """A good answer."""
    body = {"success": True, "data": answer.data, **answer.more}
    return Response(json.dumps(body, separators=(",", ":")), answer.status, media_type=JSON)


def rendered_error(error: PipedriveError) -> Response:
    """An error as Pipedrive sends it."""
    return Response(json.dumps(error.body()), error.status, media_type=JSON)


def rendered_status(status: int, message: str | None = None) -> Response:
    """An error that has nothing to tell but its status."""
    told = message or MESSAGES.get(status, "Internal server error")
    return rendered_error(PipedriveError(status, told))


def gateway_page() -> Response:
    """The page of the gateway in front, instead of JSON."""
    return HTMLResponse(GATEWAY_PAGE, 403)


async def met(fault: Fault | None) -> Response | None:
    """Wait as the fault says; the answer in place of the operation's, if it has one.

    A fault that loses the answer is met after the operation, not here.
    """
    match fault.kind if fault else None:
        case FaultKind.LATENCY if fault:
            await fault.hold()
        case FaultKind.STATUS if fault:
            response = rendered_status(fault.status, fault.reason)
            if fault.retry_after is not None:
                response.headers["retry-after"] = str(fault.retry_after)
            return response
        case FaultKind.GONE:
            return rendered_error(invalid("cursor", "is not valid"))
        case FaultKind.HTML_403:
            return gateway_page()
        case _:
            pass
    return None
