"""Puts the emulated Graph's addresses together."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from tandem_sandbox.microsoft import errors
from tandem_sandbox.microsoft.batch import Batch, query_of
from tandem_sandbox.microsoft.calendars import Calendars
from tandem_sandbox.microsoft.desk import Desk
from tandem_sandbox.microsoft.events import Events
from tandem_sandbox.microsoft.gate import Arrival, Gate, Operation
from tandem_sandbox.microsoft.notify import Notifier
from tandem_sandbox.microsoft.oauth import OAuth
from tandem_sandbox.microsoft.watching import Watching
from tandem_sandbox.world import World

BASE = "/v1.0"
MAILBOXES = ("/me", "/users/{user_id}")


def microsoft_router(world: World) -> APIRouter:
    """The routes of the emulated Graph, without their `/microsoft` prefix."""
    router = APIRouter()
    gate, notifier = Gate(world), Notifier(world)
    own = [*Events(world, Desk(world, notifier)).operations(), *Calendars(world).operations()]
    operations = [
        *(
            Operation(one.name, one.method, mailbox + one.path, one.run)
            for mailbox in MAILBOXES
            for one in own
        ),
        *Watching(world, notifier).operations(),
    ]
    batch = Operation("batch", "POST", "/$batch", Batch(_Within(world, gate, operations).serve).run)
    for operation in (*operations, batch):
        router.add_route(
            BASE + operation.path, _endpoint(world, gate, operation), [operation.method]
        )
    OAuth(world).mount(router)
    return router


def _endpoint(
    world: World, gate: Gate, operation: Operation
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        path = request.url.path
        base = f"{world.public_url}/microsoft{BASE}{path.partition(BASE)[2]}"
        return await gate.serve(
            operation,
            Arrival(
                url=base,
                target=path,
                path=request.path_params,
                query=request.query_params,
                headers=request.headers,
                content=await request.body(),
            ),
        )

    return endpoint


class _Within:
    """Finds the operation of a request that came within a batch."""

    def __init__(self, world: World, gate: Gate, operations: list[Operation]) -> None:
        self._world = world
        self._gate = gate
        self._operations = [(compile_path(one.path)[0], one) for one in operations]

    async def serve(self, method: str, url: str, headers: Headers, content: bytes) -> Response:
        """Answer one request of a batch."""
        path, query = query_of(url)
        for pattern, operation in self._operations:
            match = pattern.match(path)
            if match is not None and operation.method == method:
                base = f"{self._world.public_url}/microsoft{BASE}{path}"
                arrival = Arrival(
                    base, path, match.groupdict(), query, headers, content, batched=True
                )
                return await self._gate.serve(operation, arrival)
        return self._gate.rendered_error(errors.invalid("Resource not found.", "BadRequest"))
