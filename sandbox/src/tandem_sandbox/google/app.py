"""Puts the emulated Google's addresses together."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tandem_sandbox.google.account import Account
from tandem_sandbox.google.batch import BASE, Batch
from tandem_sandbox.google.calendars import Calendars
from tandem_sandbox.google.desk import Desk
from tandem_sandbox.google.events import Events
from tandem_sandbox.google.gate import Gate, Operation
from tandem_sandbox.google.ledger import Ledger
from tandem_sandbox.google.oauth import Authorization
from tandem_sandbox.google.push import Push
from tandem_sandbox.google.tokens import Tokens
from tandem_sandbox.world import World


def google_router(world: World) -> APIRouter:
    """The routes of the emulated Google, without their ``/google`` prefix."""
    router = APIRouter()
    gate = Gate(world)
    push = Push(world)
    desk = Desk(world, Ledger(world, push))
    operations = [
        *Events(world, desk, push).operations(),
        *Calendars(world, push).operations(),
        *Account(world, push).operations(),
    ]
    for operation in operations:
        router.add_route(BASE + operation.path, _endpoint(gate, operation), [operation.method])
    router.add_route(f"/batch{BASE}", Batch(world, gate, operations).admit, ["POST"])
    Authorization(world).mount(router)
    Tokens(world).mount(router)
    return router


def _endpoint(gate: Gate, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await gate.admit(operation, request)

    return endpoint
