"""Servers that run beside a test, on ports that the system chooses."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tandem_sandbox.control import control_app
from tandem_sandbox.google.app import google_router
from tandem_sandbox.microsoft.app import microsoft_router
from tandem_sandbox.world import World

START_S_MAX = 20


@contextmanager
def serving(
    app: ASGIApp, *, certificate: Path | None = None, key: Path | None = None
) -> Iterator[str]:
    """Serve ``app`` from a thread, over TLS with a certificate; gives its base address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        log_level="critical",
        timeout_graceful_shutdown=1,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        eventually(lambda: server.started, START_S_MAX)
        scheme = "https" if certificate else "http"
        yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


class Stage:
    """One server for many sandboxes: each test puts its own world on it."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve from the world that is on."""
        if scope["type"] == "lifespan":
            self._loop = asyncio.get_running_loop()
        app = self._app or Starlette()
        await app(scope, receive, send)

    @contextmanager
    def playing(self, app: ASGIApp) -> Iterator[None]:
        """Put another application on."""
        self._app = app
        try:
            yield
        finally:
            self._app = None

    @contextmanager
    def showing(self, world: World) -> Iterator[None]:
        """Put ``world`` on as the sandbox mounts it, and close it afterwards."""
        google = google_router(world)
        self._app = Starlette(
            routes=[
                Mount("/_control", control_app(world)),
                Mount("/google", google),
                Mount("/microsoft", microsoft_router(world)),
                # Google's client for JavaScript can be told another host, but no path there.
                Mount("/", google),
            ]
        )
        try:
            yield
        finally:
            assert self._loop is not None
            asyncio.run_coroutine_threadsafe(world.aclose(), self._loop).result(START_S_MAX)
            self._app = None


@dataclass
class Receiver:
    """Takes push messages and answers them with the statuses it was told, then with 200."""

    statuses: list[int] = field(default_factory=list)
    messages: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    url: str = ""

    def app(self) -> Starlette:
        """The server."""

        async def take(request: Request) -> Response:
            self.bodies.append(await request.body())
            self.messages.append(dict(request.headers))
            return Response(status_code=self.statuses.pop(0) if self.statuses else 200)

        return Starlette(routes=[Route("/push", take, methods=["POST"])])

    def states(self, channel_id: str) -> list[tuple[str, str]]:
        """Number and state of every message of a channel, in the order of arrival."""
        return [
            (one["x-goog-message-number"], one["x-goog-resource-state"])
            for one in list(self.messages)
            if one["x-goog-channel-id"] == channel_id
        ]


def eventually(holds: object, seconds: float = 10) -> None:
    """Return once ``holds()`` is true.

    Raises:
        AssertionError: it did not become true in time.
    """
    assert callable(holds)
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
