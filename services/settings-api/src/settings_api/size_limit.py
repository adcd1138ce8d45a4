"""Refuses bodies that are too large before anything else reads them."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from settings_api.api.problems import document

BODY_BYTES_MAX: Final = 65_536


class SizeLimit:
    """ASGI middleware: takes the whole body in, within the limit, and hands it on in one piece."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413, or let the request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"content-length", b"0")
        too_large = told.isdigit() and int(told) > BODY_BYTES_MAX
        body = None if too_large else await _taken_in(receive)
        if body is None:
            refusal = document(413, f"body: at most {BODY_BYTES_MAX} bytes")
            await refusal(scope, receive, send)
            return
        pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replayed() -> Message:
            return pending.pop() if pending else await receive()

        await self._app(scope, replayed, send)


async def _taken_in(receive: Receive) -> bytes | None:
    """The body; None where it is too large, whatever was told of its length, or breaks off."""
    taken = bytearray()
    more = True
    while more:
        message = await receive()
        taken += message.get("body", b"")
        if message["type"] != "http.request" or len(taken) > BODY_BYTES_MAX:
            return None
        more = message.get("more_body", False)
    return bytes(taken)
