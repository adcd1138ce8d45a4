"""Puts the emulated Pipedrive's addresses together."""

from starlette.routing import Route

from tandem_sandbox.pipedrive.account import Account
from tandem_sandbox.pipedrive.activities import Activities
from tandem_sandbox.pipedrive.announcer import Announcer
from tandem_sandbox.pipedrive.contacts import contact_operations
from tandem_sandbox.pipedrive.gate import Gate
from tandem_sandbox.pipedrive.lookups import lookup_operations
from tandem_sandbox.pipedrive.oauth import OAuth
from tandem_sandbox.pipedrive.subscriptions import Subscriptions
from tandem_sandbox.world import World

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def pipedrive_routes(world: World, announcer: Announcer | None = None) -> list[Route]:
    """The routes of the emulated Pipedrive, without their ``/pipedrive`` prefix.

    A world has one announcer; who needs it elsewhere too gives it.
    """
    gate = Gate(world)
    announcer = announcer or Announcer(world)
    operations = [
        *Activities(world, announcer).operations(),
        *lookup_operations(),
        *contact_operations(announcer),
        *Account().operations(),
        *Subscriptions(public_only=world.settings.public_webhooks_only).operations(),
    ]
    routes = [
        *(Route(one.path, gate.endpoint(one), methods=[one.method]) for one in operations),
        *OAuth(world).routes(),
    ]
    return [*routes, Route("/{path:path}", gate.nowhere(routes), methods=METHODS)]
