"""Refuses bodies that are too large before anything reads them."""

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES_MAX = 65_536


class _TooLargeError(Exception):
    """The body went on beyond the limit."""


class SizeLimit:
    """ASGI middleware; a length that is not told is counted as the body comes in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413, or let the request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"content-length", b"0")
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > BODY_BYTES_MAX:
                raise _TooLargeError
            return message

        if not told.isdigit() or int(told) > BODY_BYTES_MAX:
            await _refused()(scope, receive, send)
            return
        try:
            await self._app(scope, counted, send)
        except _TooLargeError:
            await _refused()(scope, receive, send)


def _refused() -> JSONResponse:
    document = {
        "type": "about:blank",
        "title": f"body: at most {BODY_BYTES_MAX} bytes",
        "status": 413,
    }
    return JSONResponse(document, 413, media_type="application/problem+json")
