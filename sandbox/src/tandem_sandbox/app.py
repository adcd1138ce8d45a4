"""Puts the sandbox together: one ASGI application with every provider below its own path.

At its root are pages on which a person looks at all of them.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Mount

from tandem_sandbox.control import control_app
from tandem_sandbox.exchange.app import exchange_routes
from tandem_sandbox.google.app import google_router
from tandem_sandbox.keeper import Keeper
from tandem_sandbox.microsoft.app import microsoft_router
from tandem_sandbox.pages.routes import page_routes
from tandem_sandbox.pipedrive.announcer import Announcer
from tandem_sandbox.pipedrive.app import pipedrive_routes
from tandem_sandbox.settings import SandboxSettings
from tandem_sandbox.world import World


def create_app(settings: SandboxSettings) -> Starlette:
    """The sandbox; its ``state.world`` is what tests look into."""
    world = World(settings)
    keeper = (
        Keeper(world, settings.data, seconds=settings.save_interval_seconds)
        if settings.data is not None
        else None
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        if keeper is not None:
            keeper.start()
        try:
            yield
        finally:
            if keeper is not None:
                await keeper.stop()
            await world.aclose()

    announcer = Announcer(world)
    app = Starlette(
        lifespan=lifespan,
        routes=[
            Mount("/_control", control_app(world)),
            Mount("/pipedrive", routes=pipedrive_routes(world, announcer)),
            Mount("/google", google_router(world)),
            Mount("/exchange", routes=exchange_routes(world)),
            Mount("/microsoft", microsoft_router(world)),
            *page_routes(world, announcer),
        ],
    )
    app.state.world = world
    return app
