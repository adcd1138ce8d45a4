"""GetStreamingEvents: a connection that stays open and tells what happens, as it happens."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tandem_sandbox.exchange.gate import Gate
from tandem_sandbox.exchange.model import Mailbox
from tandem_sandbox.exchange.soap import (
    MEDIA_TYPE,
    Element,
    ExchangeError,
    answered,
    envelope,
    failure,
    holding,
    m,
    success,
    text_of,
)
from tandem_sandbox.exchange.subscriptions import Subscriptions, streaming_ids

OPERATION: Final = "GetStreamingEvents"
LOOK_S: Final = 0.1
MINUTES_MAX: Final = 30


class Streaming:
    """Serves the open connections."""

    def __init__(self, gate: Gate, subscriptions: Subscriptions) -> None:
        self._gate = gate
        self._subscriptions = subscriptions

    async def serve(self, request: Request, asked: Element) -> Response:
        """Open a connection for as many minutes as the request asks for."""
        mailbox = self._gate.logins.admit(request)
        if isinstance(mailbox, Response):
            self._gate.record(OPERATION, request, None, 401)
            return mailbox
        self._gate.record(OPERATION, request, mailbox, 200)
        minutes = min(int(text_of(asked, "ConnectionTimeout", "30")), MINUTES_MAX)
        stream = self._events(mailbox, streaming_ids(asked), minutes * 60)
        return StreamingResponse(stream, media_type=MEDIA_TYPE)

    async def _events(
        self, mailbox: Mailbox, ids: list[str], seconds: float
    ) -> AsyncIterator[bytes]:
        yield _told([m("ConnectionStatus", "OK")])
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            try:
                told = self._subscriptions.streamed(mailbox, ids)
            except ExchangeError as error:
                yield envelope(answered(OPERATION, [failure(OPERATION, error)]))
                return
            if told:
                yield _told([holding(m("Notifications"), told)])
            await asyncio.sleep(LOOK_S)
        yield _told([m("ConnectionStatus", "Closed")])


def _told(children: list[Element]) -> bytes:
    return envelope(answered(OPERATION, [success(OPERATION, children)]))
