"""Owns what comes before and after every operation: the token, budgets, faults, the call log."""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tandem_sandbox.faults import REQUEST_KINDS, Fault, FaultKind, LostAnswer
from tandem_sandbox.pipedrive import errors
from tandem_sandbox.pipedrive.ask import Answer, Ask
from tandem_sandbox.pipedrive.budget import Charge, Toll
from tandem_sandbox.pipedrive.errors import PipedriveError
from tandem_sandbox.pipedrive.model import User
from tandem_sandbox.pipedrive.state import Company
from tandem_sandbox.world import World

GATEWAY_PAGE = "<html><title>Access denied</title><h1>Error 1015: you are being rate limited</h1>"
MESSAGES = {429: "Rate limit exceeded", 404: "Not found", 401: "unauthorized access"}


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that the API can do; `cost` in tokens of the daily budget."""

    name: str
    method: str
    path: str
    cost: int
    run: Callable[[Ask], Answer]
    search: bool = False


@dataclass(frozen=True, slots=True)
class _Caller:
    company: Company
    user: User
    token: str
    oauth: bool


class Gate:
    """Lets requests through to their operations."""

    def __init__(self, world: World) -> None:
        self._world = world

    def endpoint(self, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint of an operation."""

        async def endpoint(request: Request) -> Response:
            return await self._admit(operation, request)

        return endpoint

    async def _admit(self, operation: Operation, request: Request) -> Response:
        caller = None
        fault = None
        try:
            caller = self._caller(request)
            charge = self._charge(operation, caller)
            fault = self._world.faults.take(
                "pipedrive", operation.name, caller.user.email, kinds=REQUEST_KINDS
            )
            response = _refusal(charge) or await _met(fault)
            if response is None:
                response = _rendered(
                    operation.run(
                        Ask(
                            caller.company,
                            caller.user,
                            request.path_params,
                            request.query_params,
                            await request.body(),
                            self._world.clock.now().replace(microsecond=0),
                        )
                    )
                )
            response.headers.update(charge.headers)
        except PipedriveError as error:
            response = rendered_error(error)
        self._world.calls.record(
            "pipedrive",
            operation.name,
            operation.method,
            request.url.path,
            caller.user.email if caller else None,
            response.status_code,
            self._world.clock.now(),
        )
        if fault is not None and fault.kind is FaultKind.TIMEOUT_AFTER_WRITE:
            return LostAnswer(fault)
        return response

    def _caller(self, request: Request) -> _Caller:
        state = self._world.pipedrive
        api_token = request.headers.get("x-api-token") or request.query_params.get("api_token")
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and bearer:
            access = state.grants.holder(bearer, self._world.clock.now())
            if access is not None:
                company = state.companies[access.company_id]
                return _Caller(company, company.users[access.user_id], bearer, oauth=True)
            api_token = api_token or bearer
        found = state.by_api_token(api_token) if api_token else None
        if found is None or api_token is None:
            raise errors.unauthorized()
        return _Caller(*found, api_token, oauth=False)

    def _charge(self, operation: Operation, caller: _Caller) -> Charge:
        return self._world.pipedrive.budget.charge(
            company_id=caller.company.id,
            plan=caller.company.plan,
            token=caller.token,
            oauth=caller.oauth,
            search=operation.search,
            cost=operation.cost,
            today=self._world.clock.now().date(),
            moment=time.monotonic(),
        )


def rendered_error(error: PipedriveError) -> Response:
    """An error as Pipedrive sends it."""
    return Response(json.dumps(error.body()), error.status, media_type="application/json")


def _rendered(answer: Answer) -> Response:
    body = {"success": True, "data": answer.data, **answer.more}
    return Response(
        json.dumps(body, separators=(",", ":")), answer.status, media_type="application/json"
    )


def _refusal(charge: Charge) -> Response | None:
    match charge.toll:
        case Toll.PASSED:
            return None
        case Toll.BLOCKED:
            return HTMLResponse(GATEWAY_PAGE, 403)
        case _:
            return rendered_error(PipedriveError(429, MESSAGES[429]))


async def _met(fault: Fault | None) -> Response | None:
    match fault.kind if fault else None:
        case FaultKind.LATENCY if fault:
            await fault.hold()
        case FaultKind.STATUS if fault:
            message = fault.reason or MESSAGES.get(fault.status, "Internal server error")
            response = rendered_error(PipedriveError(fault.status, message))
            if fault.retry_after is not None:
                response.headers["retry-after"] = str(fault.retry_after)
            return response
        case FaultKind.GONE:
            return rendered_error(errors.invalid("cursor", "is not valid"))
        case FaultKind.HTML_403:
            return HTMLResponse(GATEWAY_PAGE, 403)
        case _:
            pass
    return None
