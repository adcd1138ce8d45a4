"""Owns what comes before and after every operation: the token, faults, errors, the call log.

An operation that a fault stops is not carried out; one whose answer a fault loses is. No mailbox
is asked more than four things at a time.
"""

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers, QueryParams
from starlette.responses import HTMLResponse, Response

from tandem_sandbox.faults import REQUEST_KINDS, Fault, FaultKind, LostAnswer
from tandem_sandbox.microsoft import errors
from tandem_sandbox.microsoft.ask import Answer, Ask, preferences
from tandem_sandbox.microsoft.errors import GraphError
from tandem_sandbox.microsoft.model import Mailbox
from tandem_sandbox.microsoft.state import CONCURRENT_MAX
from tandem_sandbox.world import World

JSON = "application/json"
RETRY_AFTER_S = 1
GATEWAY_PAGE = "<html><title>403 Forbidden</title><p>The gateway does not let you through.</html>"
SCOPES = {"calendars.readwrite", "https://graph.microsoft.com/calendars.readwrite"}


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that the API can do."""

    name: str
    method: str
    path: str
    run: Callable[[Ask], Answer | Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that came alone or within a batch; `url` is the whole address."""

    url: str
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
        self._state = world.microsoft

    async def serve(self, operation: Operation, arrival: Arrival) -> Response:
        """Answer a request and note it in the call log."""
        mailbox = None
        fault = None
        try:
            mailbox = self._holder(arrival)
            response, fault = await self._within_limit(operation, arrival, mailbox)
        except GraphError as error:
            response = self.rendered_error(error)
        self._world.calls.record(
            "microsoft",
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

    def rendered_error(self, error: GraphError) -> Response:
        """An error as Graph sends it."""
        body = json.dumps(error.body(self._world.clock.now()))
        return Response(body, error.status, headers=error.headers, media_type=JSON)

    def _holder(self, arrival: Arrival) -> Mailbox:
        scheme, _, token = arrival.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise GraphError(401, "InvalidAuthenticationToken", "Access token is empty.")
        mailbox = self._state.by_token(token, self._world.clock.now())
        if mailbox is None:
            raise errors.of_status(401)
        access = self._state.grants.access.get(token)
        if access is not None and not SCOPES & set(access.scope.lower().split()):
            raise errors.access_denied()
        named = arrival.path.get("user_id", mailbox.user_id)
        if named.lower() not in {mailbox.user_id, mailbox.email, "me-token-to-replace"}:
            raise errors.access_denied()
        return mailbox

    async def _within_limit(
        self, operation: Operation, arrival: Arrival, mailbox: Mailbox
    ) -> tuple[Response, Fault | None]:
        under_way = self._state.under_way
        if under_way.get(mailbox.email, 0) >= CONCURRENT_MAX:
            raise errors.throttled(RETRY_AFTER_S)
        under_way[mailbox.email] = under_way.get(mailbox.email, 0) + 1
        try:
            fault = self._fault(operation, arrival, mailbox)
            response = await self._meet(fault, arrival)
            return response or await self._run(operation, arrival, mailbox), fault
        finally:
            under_way[mailbox.email] -= 1

    async def _run(self, operation: Operation, arrival: Arrival, mailbox: Mailbox) -> Response:
        ask = Ask(
            mailbox,
            arrival.url,
            arrival.path,
            arrival.query,
            arrival.headers,
            arrival.content,
            preferences(arrival.headers),
        )
        answer = operation.run(ask)
        return rendered(await answer if inspect.isawaitable(answer) else answer, ask)

    def _fault(self, operation: Operation, arrival: Arrival, mailbox: Mailbox) -> Fault | None:
        kinds = REQUEST_KINDS
        if "$deltatoken" not in arrival.query:
            kinds -= {FaultKind.GONE}
        return self._world.faults.take("microsoft", operation.name, mailbox.email, kinds=kinds)

    async def _meet(self, fault: Fault | None, arrival: Arrival) -> Response | None:
        match fault.kind if fault else None:
            case FaultKind.LATENCY if fault:
                await fault.hold()
            case FaultKind.STATUS if fault:
                return self.rendered_error(
                    errors.of_status(fault.status, fault.reason, fault.retry_after)
                )
            case FaultKind.GONE:
                return self.rendered_error(
                    errors.sync_state_not_found(f"{arrival.url.partition('?')[0]}?$deltatoken=")
                )
            case FaultKind.HTML_403:
                return HTMLResponse(GATEWAY_PAGE, 403)
            case _:
                pass
        return None


def rendered(answer: Answer, ask: Ask) -> Response:
    """An answer as Graph sends it, with the preferences that were taken."""
    headers = dict(answer.headers)
    if ask.immutable:
        headers["Preference-Applied"] = 'IdType="ImmutableId"'
    if answer.body is None:
        return Response(status_code=answer.status, headers=headers)
    text = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":"))
    media_type = f"{JSON};odata.metadata=minimal;odata.streaming=true;charset=utf-8"
    return Response(text, answer.status, headers=headers, media_type=media_type)
