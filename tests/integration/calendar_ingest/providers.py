"""The port's implementations, each with the hands of a calendar's owner to test it with."""

from asyncio import to_thread
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID, uuid4

import httpx
from exchangelib import DELEGATE, CalendarItem, Configuration, EWSDateTime, EWSTimeZone
from exchangelib import Account as ExchangeAccount
from exchangelib import Credentials as Login
from exchangelib.items import SEND_TO_NONE
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from tests.contract.google.servers import serving

from calendar_ingest.adapters.exchange.access import exchange_access
from calendar_ingest.adapters.exchange.client import ExchangeClient
from calendar_ingest.adapters.google.access import google_access
from calendar_ingest.adapters.memory import MemoryProvider
from calendar_ingest.adapters.microsoft.access import microsoft_access
from calendar_ingest.calendars import Access, Account, Calendar
from calendar_ingest.settings import ExchangeSettings, GoogleSettings, MicrosoftSettings
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Timed
from tandem.runtime.clock import SystemClock
from tandem.runtime.credential_store import Credential, CredentialKind
from tandem_sandbox.accounts import static_token
from tandem_sandbox.exchange.app import exchange_routes
from tandem_sandbox.google.app import google_router
from tandem_sandbox.microsoft import ids
from tandem_sandbox.microsoft.app import microsoft_router
from tandem_sandbox.settings import SandboxSettings
from tandem_sandbox.world import World

OWNER = "sales1@north.example"
EXCHANGE_OWNER = "sales1@onprem.example"
MICROSOFT_OWNER = "sales1.north@outlook.com"
START = datetime(2031, 3, 4, 9, tzinfo=UTC)


class Owner(Protocol):
    """What the owner of a calendar does with it, and what came of it."""

    access: Access
    calendar: Calendar
    invites_quietly: bool
    """Whether guests can be written without being mailed."""
    names_events: bool
    """Whether the id of an event is ours to give."""
    tells_repeats: bool
    """Whether the provider says that a create has found what an earlier one made."""

    async def put(self, title: str) -> str:
        """Make an event; returns its id."""
        ...

    async def retitle(self, event_id: str, title: str) -> None:
        """Change an event."""
        ...

    async def take_away(self, event_id: str) -> None:
        """Delete an event."""
        ...

    async def forget_cursors(self) -> None:
        """Let every cursor expire."""
        ...

    def mails(self) -> int:
        """How many people were mailed."""
        ...


class MemoryOwner:
    """The owner of a calendar in memory."""

    invites_quietly = True
    names_events = True
    tells_repeats = True

    def __init__(self) -> None:
        self.provider = MemoryProvider(SystemClock(), page_size=3)
        self.provider.add_calendar(OWNER)
        self.access = self.provider.access
        self.calendar = Calendar(Account(uuid4()), OWNER)

    async def put(self, title: str) -> str:
        event = EventSnapshot(
            event_id=uuid4().hex,
            title=title,
            schedule=Timed(start=START, end=START.replace(hour=10)),
        )
        return self.provider.put(OWNER, event).event_id

    async def retitle(self, event_id: str, title: str) -> None:
        [event] = [e for e in self.provider.events_of(OWNER) if e.event_id == event_id]
        self.provider.put(OWNER, event.model_copy(update={"title": title}))

    async def take_away(self, event_id: str) -> None:
        self.provider.take_away(OWNER, event_id)

    async def forget_cursors(self) -> None:
        self.provider.forget_cursors(OWNER)

    def mails(self) -> int:
        return self.provider.mails


@dataclass
class StaticTokens:
    """The token that the sandbox always takes; nothing else is expected to refuse it."""

    value: str
    refusals_expected: bool = False
    refused: int = 0

    async def token(self, _account: Account, *, stale: str = "") -> str:
        if stale:
            assert self.refusals_expected
            self.refused += 1
        return self.value


def sent_with(http: httpx.AsyncClient) -> list[httpx.Request]:
    """All requests that a client sends from now on."""
    sent: list[httpx.Request] = []

    async def note(request: httpx.Request) -> None:
        sent.append(request)

    http.event_hooks["request"].append(note)
    return sent


class GoogleOwner:
    """The owner of a calendar in the sandbox's Google."""

    invites_quietly = True
    names_events = True
    tells_repeats = True

    def __init__(self, world: World, http: httpx.AsyncClient) -> None:
        self.world = world
        self.token = static_token("google", OWNER)
        self.sent = sent_with(http)
        self._http = http
        self._path = f"/google/calendar/v3/calendars/{OWNER}/events"
        self.calendar = Calendar(Account(uuid4()), OWNER)
        self.access = google_access(
            http,
            GoogleSettings.model_construct(
                google_api_url="http://sandbox/google/calendar/v3/",
                google_token_url="http://sandbox/google/token",
                google_client_id="sandbox-client",
                google_client_secret=SecretStr("sandbox-secret"),
                google_webhook_url="http://127.0.0.1:9/webhooks/google",
                allow_plain_http=True,
            ),
            tokens=StaticTokens(self.token),
            clock=SystemClock(),
        )

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call Google's API as the owner's own client would."""
        answer = await self._http.request(
            method,
            self._path + path,
            json=body,
            headers={"authorization": f"Bearer {self.token}"},
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def put(self, title: str) -> str:
        item = await self.call(
            "POST",
            "",
            {
                "summary": title,
                "start": {"dateTime": "2031-03-04T10:00:00+01:00"},
                "end": {"dateTime": "2031-03-04T11:00:00+01:00"},
            },
        )
        return str(item["id"])

    async def retitle(self, event_id: str, title: str) -> None:
        await self.call("PATCH", f"/{event_id}", {"summary": title})

    async def take_away(self, event_id: str) -> None:
        await self.call("DELETE", f"/{event_id}")

    async def forget_cursors(self) -> None:
        self.world.google.expire_sync_tokens(OWNER)

    def mails(self) -> int:
        return self.world.mails.total


@asynccontextmanager
async def google_owner() -> AsyncIterator[GoogleOwner]:
    """An owner in a sandbox of his own."""
    world = World(SandboxSettings(public_url="http://sandbox"))
    app = FastAPI()
    app.include_router(google_router(world), prefix="/google")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://sandbox"
    ) as http:
        yield GoogleOwner(world, http)
    await world.aclose()


@dataclass
class StaticPassword:
    """The credential of an account whose password is known."""

    credential: Credential

    async def password(self, _credential_id: UUID) -> Credential | None:
        return self.credential


class ExchangeOwner:
    """The owner of a calendar in the sandbox's Exchange, with a client of his own."""

    invites_quietly = True
    names_events = False
    tells_repeats = True

    def __init__(self, world: World, base_url: str, settings: ExchangeSettings) -> None:
        self.world = world
        self.mailbox = world.exchange.mailboxes[EXCHANGE_OWNER]
        folder = self.mailbox.distinguished("calendar")
        assert folder is not None
        credential = Credential(
            credential_id=uuid4(),
            kind=CredentialKind.EXCHANGE,
            account=EXCHANGE_OWNER,
            password=SecretStr(self.mailbox.password),
            api_url=f"{base_url}/exchange/EWS/Exchange.asmx",
        )
        self.calendar = Calendar(Account(credential.credential_id), folder.id)
        self.client = ExchangeClient(settings, StaticPassword(credential))
        self.access = exchange_access(self.client, settings, clock=SystemClock())
        self.own = ExchangeAccount(
            EXCHANGE_OWNER,
            config=Configuration(
                service_endpoint=credential.api_url,
                credentials=Login(EXCHANGE_OWNER, self.mailbox.password),
            ),
            autodiscover=False,
            access_type=DELEGATE,
        )

    async def put(self, title: str) -> str:
        zone = EWSTimeZone("Europe/Berlin")
        item = CalendarItem(
            account=self.own,
            folder=self.own.calendar,
            subject=title,
            start=EWSDateTime(2031, 3, 4, 10, tzinfo=zone),
            end=EWSDateTime(2031, 3, 4, 11, tzinfo=zone),
        )
        await to_thread(item.save, send_meeting_invitations=SEND_TO_NONE)
        return str(item.id)

    async def retitle(self, event_id: str, title: str) -> None:
        item = await to_thread(self.item, event_id)
        item.subject = title
        await to_thread(item.save, update_fields=["subject"], send_meeting_invitations=SEND_TO_NONE)

    async def take_away(self, event_id: str) -> None:
        item = await to_thread(self.item, event_id)
        await to_thread(item.move_to_trash, send_meeting_cancellations=SEND_TO_NONE)

    async def forget_cursors(self) -> None:
        self.world.exchange.expire_sync_states(EXCHANGE_OWNER)

    def mails(self) -> int:
        return self.world.mails.total

    async def close(self) -> None:
        self.own.protocol.close()
        await self.client.close()

    def item(self, event_id: str) -> CalendarItem:
        """An item as it is."""
        [item] = self.own.fetch([(event_id, None)])
        return item


@asynccontextmanager
async def exchange_owner(**settings: Any) -> AsyncIterator[ExchangeOwner]:
    """An owner at a server of his own, which a real client reaches over HTTP."""
    world = World(SandboxSettings(public_url="http://sandbox"))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await world.aclose()

    stage = Starlette(routes=[Mount("/exchange", routes=exchange_routes(world))], lifespan=lifespan)
    with serving(stage) as url:
        owner = ExchangeOwner(
            world,
            url,
            ExchangeSettings(
                exchange_webhook_url="http://127.0.0.1:9/webhooks/exchange", **settings
            ),
        )
        yield owner
        await owner.close()


class MicrosoftOwner:
    """The owner of a calendar in the sandbox's Microsoft Graph."""

    invites_quietly = False
    names_events = False
    tells_repeats = False

    def __init__(self, world: World, http: httpx.AsyncClient, webhook_url: str) -> None:
        self.world = world
        self.token = static_token("microsoft", MICROSOFT_OWNER)
        self.tokens = StaticTokens(self.token)
        self.sent = sent_with(http)
        self._http = http
        calendar_id = ids.calendar_id(MICROSOFT_OWNER)
        self._path = f"/microsoft/v1.0/me/calendars/{calendar_id}/events"
        self.calendar = Calendar(Account(uuid4()), calendar_id)
        self.access = microsoft_access(
            http,
            MicrosoftSettings.model_construct(
                microsoft_api_url="http://sandbox/microsoft/v1.0/",
                microsoft_webhook_url=webhook_url,
                microsoft_subscription_s=604_800,
            ),
            tokens=self.tokens,
            clock=SystemClock(),
        )

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call Graph as the owner's own client would."""
        answer = await self._http.request(
            method,
            self._path + path,
            json=body,
            headers={"authorization": f"Bearer {self.token}", "prefer": 'IdType="ImmutableId"'},
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def put(self, title: str) -> str:
        item = await self.call(
            "POST",
            "",
            {
                "subject": title,
                "start": {"dateTime": "2031-03-04T10:00:00", "timeZone": "W. Europe Standard Time"},
                "end": {"dateTime": "2031-03-04T11:00:00", "timeZone": "W. Europe Standard Time"},
            },
        )
        return str(item["id"])

    async def retitle(self, event_id: str, title: str) -> None:
        await self.call("PATCH", f"/{event_id}", {"subject": title})

    async def take_away(self, event_id: str) -> None:
        await self.call("DELETE", f"/{event_id}")

    async def forget_cursors(self) -> None:
        self.world.microsoft.expire_delta_tokens(MICROSOFT_OWNER)

    def mails(self) -> int:
        return self.world.mails.total


async def _shake_hands(request: Request) -> Response:
    """Give Graph's token back, and take every notice."""
    token = request.query_params.get("validationToken")
    return Response(status_code=202) if token is None else PlainTextResponse(token)


@asynccontextmanager
async def microsoft_owner() -> AsyncIterator[MicrosoftOwner]:
    """An owner in a sandbox of his own, which reaches our endpoints over HTTP."""
    world = World(SandboxSettings(public_url="http://sandbox"))
    app = FastAPI()
    app.include_router(microsoft_router(world), prefix="/microsoft")
    endpoints = Starlette(
        routes=[
            Route(path, _shake_hands, methods=["POST"])
            for path in ("/webhooks/microsoft", "/webhooks/microsoft/lifecycle")
        ]
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://sandbox"
    ) as http:
        with serving(endpoints) as url:
            yield MicrosoftOwner(world, http, f"{url}/webhooks/microsoft")
    await world.aclose()
