"""Composition root of settings-api."""

from typing import Final

import httpx
from fastapi import FastAPI
from pydantic import TypeAdapter
from starlette.middleware.base import RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response

from settings_api.api import answers, people
from settings_api.api import connections as connection_calls
from settings_api.api.problems import add_problem_handlers
from settings_api.connections import Connections
from settings_api.cookies import Cookies
from settings_api.email_providers import KnownDomains
from settings_api.neighbours import Neighbours
from settings_api.oauth import endpoints as oauth
from settings_api.oauth.accounts import Accounts
from settings_api.oauth.states import OAuthStates
from settings_api.parts import Parts
from settings_api.releases import Releases
from settings_api.reports import Reports
from settings_api.settings import Settings
from settings_api.size_limit import SizeLimit
from settings_api.tokens import Tokens
from tandem.contracts.connections import ConnectionHealthReported
from tandem.contracts.topics import SETTINGS_CONNECTIONS, SYNC_HEALTH, SYNC_REQUESTS
from tandem.runtime.app import Runtime
from tandem.runtime.continuity import Continuity
from tandem.runtime.credential_store import CredentialStore
from tandem.runtime.postgres import Pool, open_pool
from tandem.runtime.secrets import Sealer

SCHEMA: Final = "settings"
HTTP_TIMEOUT_S: Final = 15.0
RELEASE_EVERY_S: Final = 5.0
FORGET_EVERY_S: Final = 600.0
CONTINUITY_EVERY_S: Final = 10.0
_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}


def create_app(settings: Settings, *, http: httpx.AsyncClient | None = None) -> FastAPI:
    """Build the service; nothing is connected before its lifespan begins."""
    runtime = Runtime(settings, service="settings-api", schema=SCHEMA, package="settings_api")
    client = http or httpx.AsyncClient(timeout=HTTP_TIMEOUT_S, follow_redirects=False)
    sealer = Sealer(settings.credentials_keys.get_secret_value())
    connections = Connections(runtime)
    neighbours = Neighbours(client, settings, runtime.clock)
    tokens = Tokens(runtime)
    accounts = Accounts(runtime, settings, client, connections=connections, neighbours=neighbours)
    app = FastAPI(
        title="Tandem",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=runtime.lifespan,
    )
    app.state.parts = Parts(
        settings=settings,
        clock=runtime.clock,
        http=client,
        connections=connections,
        tokens=tokens,
        cookies=Cookies(tokens, public_url=settings.public_url),
        neighbours=neighbours,
        email_providers=KnownDomains(settings.email_providers),
        oauth_states=OAuthStates(runtime, sealer),
        accounts=accounts,
    )
    _keep_credentials(runtime, settings, sealer, accounts)
    _run_background(runtime, settings, client, connections, tokens, accounts)
    _add_routes(app, runtime)
    return app


def _keep_credentials(
    runtime: Runtime, settings: Settings, sealer: Sealer, accounts: Accounts
) -> None:
    opened: list[Pool] = []

    async def open_store() -> None:
        url = settings.credentials_database_url.get_secret_value()
        await CredentialStore.migrate(url)
        opened.append(await open_pool(url, connections_max=settings.database_connections_max))
        accounts.use(CredentialStore(opened[-1], sealer, runtime.clock))

    async def close_store() -> None:
        for pool in opened:
            await pool.close()

    runtime.on_start(open_store)
    runtime.on_stop(close_store)


def _run_background(  # noqa: PLR0917 - the composition root hands parts on
    runtime: Runtime,
    settings: Settings,
    client: httpx.AsyncClient,
    connections: Connections,
    tokens: Tokens,
    accounts: Accounts,
) -> None:
    reports = Reports(connections)
    runtime.subscribe(
        SYNC_HEALTH,
        purpose="health",
        title="Takes over what was noticed about connections",
        messages=TypeAdapter(ConnectionHealthReported),
        handle=reports.on_reports,
    )
    releases = Releases(runtime, settings, client, accounts=accounts)
    continuity = Continuity(
        schema=SCHEMA,
        bootstrap_servers=settings.kafka_bootstrap_servers,
        namespace=settings.kafka_namespace,
        topics=[SETTINGS_CONNECTIONS, SYNC_REQUESTS],
    )

    async def mend_losses() -> None:
        if await continuity.lost(runtime.pool):
            await connections.publish_all()

    runtime.loops.every(RELEASE_EVERY_S, "release", releases.release)
    runtime.loops.every(FORGET_EVERY_S, "forget", tokens.forget_expired)
    runtime.loops.every(CONTINUITY_EVERY_S, "continuity", mend_losses)
    runtime.on_stop(client.aclose)


def _add_routes(app: FastAPI, runtime: Runtime) -> None:
    for router in (
        people.router,
        answers.router,
        connection_calls.router,
        oauth.router,
        oauth.home,
    ):
        app.include_router(router)
    app.router.routes.extend(runtime.health.routes())
    add_problem_handlers(app)

    @app.middleware("http")
    async def guard_browsers(request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        response.headers.update(_HEADERS)
        return response

    app.add_middleware(SizeLimit)
