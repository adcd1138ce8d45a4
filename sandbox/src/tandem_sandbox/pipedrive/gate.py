"""Owns what comes before and after every operation: the token, budgets, faults, the call log.

An operation that a fault or a budget stops is not carried out; one whose answer a fault loses is.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from tandem_sandbox.faults import REQUEST_KINDS, Fault, FaultKind, LostAnswer
from tandem_sandbox.pipedrive import errors
from tandem_sandbox.pipedrive.ask import Answer, Ask
from tandem_sandbox.pipedrive.budget import Charge, Toll
from tandem_sandbox.pipedrive.errors import PipedriveError
from tandem_sandbox.pipedrive.model import User
from tandem_sandbox.pipedrive.rendering import (
    gateway_page,
    met,
    rendered,
    rendered_error,
    rendered_status,
)
from tandem_sandbox.pipedrive.state import Company
from tandem_sandbox.world import World

Endpoint = Callable[[Request], Awaitable[Response]]


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

    def endpoint(self, operation: Operation) -> Endpoint:
        """The endpoint of an operation."""

        async def endpoint(request: Request) -> Response:
            return await self._admit(operation, request)

        return endpoint

    def nowhere(self, routes: Sequence[Route]) -> Endpoint:
        """The endpoint of every address that ``routes`` do not know, or not with that method."""

        async def endpoint(request: Request) -> Response:
            near = any(route.matches(request.scope)[0] is Match.PARTIAL for route in routes)
            response = rendered_status(405 if near else 404)
            self._record("unknown", request, None, response)
            return response

        return endpoint

    async def _admit(self, operation: Operation, request: Request) -> Response:
        caller = charge = fault = None
        try:
            caller = self._caller(request)
            charge = self._charge(operation, caller)
            response = _refusal(charge)
            if response is None:
                fault = self._fault(operation, request, caller)
                response = await met(fault)
            if response is None:
                response = rendered(operation.run(await self._ask(request, caller)))
        except PipedriveError as error:
            response = rendered_error(error)
        if charge is not None:
            response.headers.update(charge.headers)
        self._record(operation.name, request, caller, response)
        if fault is not None and fault.kind is FaultKind.TIMEOUT_AFTER_WRITE:
            return LostAnswer(fault)
        return response

    async def _ask(self, request: Request, caller: _Caller) -> Ask:
        content = await request.body()
        return Ask(
            company=caller.company,
            user=caller.user,
            path=request.path_params,
            query=request.query_params,
            content=content,
            now=self._world.clock.now().replace(microsecond=0),
        )

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

    def _fault(self, operation: Operation, request: Request, caller: _Caller) -> Fault | None:
        kinds = REQUEST_KINDS
        if "cursor" not in request.query_params:
            kinds -= {FaultKind.GONE}
        return self._world.faults.take("pipedrive", operation.name, caller.user.email, kinds=kinds)

    def _record(
        self, name: str, request: Request, caller: _Caller | None, response: Response
    ) -> None:
        self._world.calls.record(
            "pipedrive",
            name,
            request.method,
            request.url.path,
            caller.user.email if caller else None,
            response.status_code,
            self._world.clock.now(),
        )


def _refusal(charge: Charge) -> Response | None:
    match charge.toll:
        case Toll.PASSED:
            return None
        case Toll.BLOCKED:
            return gateway_page()
        case _:
            return rendered_status(429)
