"""Owns what comes before and after every operation: the password, faults, refusals, the call log.

An operation that a fault stops is not carried out; one whose answer a fault loses is.
"""

from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tandem_sandbox.exchange.logins import Logins
from tandem_sandbox.exchange.model import Mailbox
from tandem_sandbox.exchange.soap import (
    MEDIA_TYPE,
    Element,
    ExchangeError,
    answered,
    child,
    envelope,
    failure,
    fault,
    local,
    m,
    parse,
)
from tandem_sandbox.exchange.sync import expired
from tandem_sandbox.faults import REQUEST_KINDS, Fault, FaultKind, LostAnswer
from tandem_sandbox.world import World

WRITES: Final = frozenset({"CreateItem", "UpdateItem", "DeleteItem", "Subscribe", "Unsubscribe"})
GATEWAY_PAGE: Final = "<html><title>403 - Forbidden: Access is denied.</title></html>"
_BUSY: Final = {"ErrorServerBusy", "ErrorExceededConnectionCount"}

Run = Callable[[Mailbox, Element], Element]


class Gate:
    """Lets requests through to their operations."""

    def __init__(self, world: World, operations: dict[str, Run]) -> None:
        self._world = world
        self._operations = operations
        self.logins = Logins(world)

    async def serve(self, request: Request) -> Response:
        """Answer a request and note it in the call log."""
        content = await request.body()
        mailbox = self.logins.admit(request)
        try:
            asked = parse(content)
        except ExchangeError as error:
            return _xml(fault(error), 500)
        operation = local(asked)
        if isinstance(mailbox, Response):
            self.record(operation, request, None, 401)
            return mailbox
        armed = self._fault(operation, asked, mailbox)
        response = await self._meet(armed)
        if response is None:
            response = self._answer(operation, mailbox, asked, armed)
        self.record(operation, request, mailbox, response.status_code)
        if armed is not None and armed.kind is FaultKind.TIMEOUT_AFTER_WRITE:
            return LostAnswer(armed)
        return response

    def record(
        self, operation: str, request: Request, mailbox: Mailbox | None, status: int
    ) -> None:
        """Note a call; reading is no POST to the log, whatever HTTP says."""
        self._world.calls.record(
            "exchange",
            operation,
            "POST" if operation in WRITES else "GET",
            request.url.path,
            mailbox.email if mailbox else None,
            status,
            self._world.clock.now(),
        )

    def _answer(
        self, operation: str, mailbox: Mailbox, asked: Element, armed: Fault | None
    ) -> Response:
        run = self._operations.get(operation, _unknown)
        try:
            if armed is not None and armed.kind is FaultKind.GONE:
                return _refused(operation, expired())
            return _xml(envelope(run(mailbox, asked)))
        except ExchangeError as error:
            return _refused(operation, error)

    def _fault(self, operation: str, asked: Element, mailbox: Mailbox) -> Fault | None:
        kinds = REQUEST_KINDS
        if operation != "SyncFolderItems" or child(asked, "SyncState") is None:
            kinds -= {FaultKind.GONE}
        return self._world.faults.take("exchange", operation, mailbox.email, kinds=kinds)

    @staticmethod
    async def _meet(armed: Fault | None) -> Response | None:
        match armed.kind if armed else None:
            case FaultKind.LATENCY if armed:
                await armed.hold()
            case FaultKind.STATUS if armed and armed.reason:
                back_off = armed.retry_after if armed.reason in _BUSY else None
                return _xml(fault(ExchangeError(armed.reason, back_off_s=back_off)))
            case FaultKind.STATUS if armed:
                headers = {}
                if armed.retry_after is not None:
                    headers["Retry-After"] = str(armed.retry_after)
                return Response(status_code=armed.status, headers=headers)
            case FaultKind.HTML_403:
                return HTMLResponse(GATEWAY_PAGE, 403)
            case _:
                pass
        return None


def _unknown(_mailbox: Mailbox, asked: Element) -> Element:
    raise ExchangeError("ErrorInvalidRequest", f"{local(asked)} is not emulated.")


def _refused(operation: str, error: ExchangeError) -> Response:
    """A refusal; one of a synchronization has its other elements, empty, as Exchange sends them."""
    message = failure(operation, error)
    if operation == "SyncFolderItems":
        message.extend([m("SyncState"), m("IncludesLastItemInRange", "true")])
    return _xml(envelope(answered(operation, [message])))


def _xml(content: bytes, status: int = 200) -> Response:
    return Response(content, status, media_type=MEDIA_TYPE)
