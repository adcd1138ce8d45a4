"""Composition root of settings-api."""

from typing import Final

import httpx
from fastapi import FastAPI
from pydantic import TypeAdapter

from settings_api.announcements import Announcements
from settings_api.api import answers, decisions, people
from settings_api.api import connections as connection_calls
from settings_api.api.problems import DOCUMENTED, add_problem_handlers
from settings_api.api.security import describe_security
from settings_api.connections import Connections
from settings_api.cookies import Cookies
from settings_api.email_providers import EmailProviders, KnownDomains
from settings_api.exchange_accounts import ExchangeAccounts
from settings_api.mail_exchangers import MailExchangers, resolve_mx
from settings_api.neighbours import Neighbours
from settings_api.oauth import endpoints as oauth
from settings_api.oauth.accounts import OAuthAccounts
from settings_api.oauth.google import google
from settings_api.oauth.microsoft import microsoft
from settings_api.oauth.pipedrive import PipedriveSignIn
from settings_api.oauth.states import OAuthStates
from settings_api.oauth.vendor import Vendor
from settings_api.pages.routes import PAGES
from settings_api.parts import Parts
from settings_api.rates import Rates
from settings_api.releases import Releases
from settings_api.repeats import Repeats
from settings_api.reports import Reports
from settings_api.republishing import Republishing
from settings_api.security_headers import SecurityHeaders
from settings_api.settings import Settings
from settings_api.size_limit import SizeLimit
from settings_api.tokens import Tokens
from settings_api.users import Users
from tandem.contracts.connections import ConnectionHealthReported
from tandem.contracts.topics import SETTINGS_CONNECTIONS, SYNC_HEALTH
from tandem.runtime.app import Runtime
from tandem.runtime.clock import Clock
from tandem.runtime.continuity import Continuity
from tandem.runtime.credential_store import Credentials

SCHEMA: Final = "settings"
HTTP_TIMEOUT_S: Final = 15.0
RELEASE_EVERY_S: Final = 5.0
FORGET_EVERY_S: Final = 600.0
CONTINUITY_EVERY_S: Final = 10.0


def create_app(
    settings: Settings, *, http: httpx.AsyncClient | None = None, clock: Clock | None = None
) -> FastAPI:
    """Build the service; nothing is connected before its lifespan begins."""
    runtime = Runtime(
        settings, service="settings-api", schema=SCHEMA, package="settings_api", clock=clock
    )
    http = http or httpx.AsyncClient(timeout=HTTP_TIMEOUT_S, follow_redirects=False)
    credentials = Credentials(
        settings, runtime.clock, connections_max=settings.database_connections_max
    )
    announcements = Announcements(runtime)
    connections = Connections(runtime, announcements)
    users = Users(runtime, announcements, connections)
    neighbours = Neighbours(http, settings, runtime.clock)
    tokens = Tokens(runtime)
    states = OAuthStates(runtime, credentials.sealer)
    parts = Parts(
        clock=runtime.clock,
        connections=connections,
        tokens=tokens,
        rates=Rates(runtime, settings),
        repeats=Repeats(runtime, credentials.sealer),
        cookies=Cookies(tokens, public_url=settings.public_url),
        neighbours=neighbours,
        email_providers=_email_providers(settings),
        trace_page=settings.trace_page,
        oauth_states=states,
        pipedrive=PipedriveSignIn(
            runtime, settings, http, states=states, users=users, credentials=credentials
        ),
        exchange=ExchangeAccounts(
            runtime, credentials=credentials, connections=connections, neighbours=neighbours
        ),
        oauth={
            vendor.provider: OAuthAccounts(
                vendor,
                runtime,
                settings,
                http,
                states=states,
                users=users,
                credentials=credentials,
                connections=connections,
                neighbours=neighbours,
            )
            for vendor in _vendors(settings)
        },
    )
    runtime.on_start(credentials.open)
    _hear_reports(runtime, connections)
    releases = Releases(runtime, settings, http, credentials)
    runtime.loops.every(RELEASE_EVERY_S, "release", releases.release)
    runtime.loops.every(FORGET_EVERY_S, "forget", tokens.forget_expired)
    runtime.loops.every(
        CONTINUITY_EVERY_S, "continuity", _republishing(runtime, connections).check_broker
    )
    runtime.on_stop(credentials.close)
    runtime.on_stop(http.aclose)
    return _web(runtime, settings, parts)


def _vendors(settings: Settings) -> list[Vendor]:
    """The providers whose consent pages this installation is known at."""
    known = [google(settings)]
    return [*known, microsoft(settings)] if settings.microsoft_client_id else known


def _email_providers(settings: Settings) -> EmailProviders:
    known = KnownDomains(settings.email_providers)
    return MailExchangers(known, resolve_mx) if settings.mx_lookup else known


def _hear_reports(runtime: Runtime, connections: Connections) -> None:
    runtime.subscribe(
        SYNC_HEALTH,
        purpose="health",
        title="HealthReports",
        messages=TypeAdapter(ConnectionHealthReported),
        handle=Reports(connections).on_reports,
    )


def _republishing(runtime: Runtime, connections: Connections) -> Republishing:
    continuity = Continuity(
        schema=SCHEMA,
        kafka=runtime.settings,
        topics=[SETTINGS_CONNECTIONS],
    )
    return Republishing(runtime, continuity, connections)


def _web(runtime: Runtime, settings: Settings, parts: Parts) -> FastAPI:
    app = FastAPI(
        title="Tandem",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=runtime.lifespan,
        responses=DOCUMENTED,
    )
    app.state.parts = parts
    calls = (people.router, answers.router, decisions.router, connection_calls.router)
    for router in (*calls, oauth.router, *PAGES):
        app.include_router(router)
    app.router.routes.extend(runtime.health.routes())
    add_problem_handlers(app)
    describe_security(app, parts.cookies)
    app.add_middleware(SizeLimit)
    app.add_middleware(SecurityHeaders, encrypted=settings.public_url.startswith("https://"))
    return app
