"""Puts the emulated Exchange together: its web service, and autodiscovery."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tandem_sandbox.exchange.autodiscover import Autodiscover
from tandem_sandbox.exchange.folders import find_folder, get_folder
from tandem_sandbox.exchange.gate import Gate
from tandem_sandbox.exchange.items import Items
from tandem_sandbox.exchange.people import People
from tandem_sandbox.exchange.shelf import Shelf
from tandem_sandbox.exchange.soap import ExchangeError, local, parse
from tandem_sandbox.exchange.streaming import OPERATION, Streaming
from tandem_sandbox.exchange.subscriptions import Subscriptions
from tandem_sandbox.exchange.sync import sync_folder_items
from tandem_sandbox.exchange.zones import server_time_zones
from tandem_sandbox.world import World


def exchange_routes(world: World) -> list[BaseRoute]:
    """The routes below `/exchange`."""
    subscriptions = Subscriptions(world)
    items = Items(Shelf(world, subscriptions))
    gate = Gate(
        world,
        {
            "GetFolder": get_folder,
            "FindFolder": find_folder,
            "CreateItem": items.create,
            "GetItem": items.get,
            "UpdateItem": items.update,
            "DeleteItem": items.delete,
            "FindItem": items.find,
            "SyncFolderItems": sync_folder_items,
            "Subscribe": subscriptions.subscribe,
            "Unsubscribe": subscriptions.unsubscribe,
            "GetEvents": subscriptions.get_events,
            "ResolveNames": People(world).resolve_names,
            "GetServerTimeZones": lambda _mailbox, request: server_time_zones(request),
        },
    )
    streaming = Streaming(gate, subscriptions)

    async def serve(request: Request) -> Response:
        try:
            asked = parse(await request.body())
        except ExchangeError:
            return await gate.serve(request)
        if local(asked) == OPERATION:
            return await streaming.serve(request, asked)
        return await gate.serve(request)

    discover = Autodiscover(world, gate).serve
    return [
        Route("/EWS/Exchange.asmx", serve, methods=["POST"]),
        Route("/autodiscover/autodiscover.svc", discover, methods=["POST"]),
    ]
