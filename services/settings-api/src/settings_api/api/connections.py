"""`/api/v1/connections`: connect, look, change, start, pause, read again, disconnect."""

from dataclasses import replace
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from settings_api.api.caller import Caller, CurrentCaller, CurrentParts
from settings_api.api.changes import SettingsChange, check_change
from settings_api.api.repeatable import REPEATABLE, RepeatableRoute
from settings_api.api.shown import ConnectionList, ShownConnection, shown
from settings_api.connection import READ, Connection
from settings_api.email_providers import provider_of, takes_password
from settings_api.parts import Parts
from settings_api.problem import ProblemError, field_problem
from tandem.contracts.requests import ResyncRequested

CONNECTIONS_MAX = 10
_PART = r"[^@\s\x00-\x1f\x7f-\x9f]+"
_ADDRESS = rf"^{_PART}@{_PART}\.{_PART}$"

router = APIRouter(prefix="/api/v1/connections", tags=["connections"], route_class=RepeatableRoute)


class ConnectOrder(BaseModel):
    """The address of a calendar account; `provider` where its domain does not tell.

    `password` and `server` belong to Exchange servers.
    """

    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Field(max_length=320, pattern=_ADDRESS)]
    provider: Annotated[str, Field(max_length=40)] | None = None
    password: SecretStr | None = None
    server: Annotated[str, Field(max_length=255)] | None = None


class Departure(BaseModel):
    """Where the user has to go to allow the connection."""

    authorize_url: str


class CalendarList(BaseModel):
    """The calendars of an account."""

    class Item(BaseModel):
        """One calendar; only a writable one can be synced."""

        id: str
        name: str
        primary: bool
        writable: bool

    items: list[Item]


class Disconnected(BaseModel):
    """The connection that has ended, and what becomes of the events that we made."""

    id: UUID
    events: Literal["keep", "remove"]


@router.get("")
async def connections(caller: CurrentCaller, parts: CurrentParts) -> ConnectionList:
    """The user's connections."""
    found = await parts.connections.of_user(caller.user.key)
    return ConnectionList(items=[shown(one) for one in found])


@router.post(
    "",
    status_code=202,
    dependencies=[REPEATABLE],
    responses={201: {"model": ShownConnection, "description": "An Exchange account is connected"}},
)
async def connect(
    order: ConnectOrder,
    request: Request,
    response: Response,
    caller: CurrentCaller,
    parts: CurrentParts,
) -> Departure | ShownConnection:
    """Begin to connect a calendar account, or to connect it again.

    An Exchange account is connected at once, with its password: 201 with the connection.

    The answer's cookie must be sent along when the provider sends the user back.
    """
    email = order.email.lower()
    await _check_room(parts, caller, email)
    if order.password is not None and await takes_password(
        email, order.provider, parts.email_providers, offered=parts.oauth.keys()
    ):
        connected = await parts.exchange.connect(
            caller.user, email, password=order.password, server=order.server or ""
        )
        response.status_code = 201
        return _answered(connected, response)
    if order.server is not None and order.password is None:
        raise field_problem("password", "an Exchange server needs the account's password")
    provider = await provider_of(
        email, order.provider, parts.email_providers, offered=parts.oauth.keys()
    )
    browser = parts.cookies.browser_of(request)
    parts.cookies.set_browser(response, browser)
    accounts = parts.oauth[provider]
    return Departure(
        authorize_url=await accounts.authorize_url(caller.user.key, email, browser=browser)
    )


@router.get("/{connection_id}")
async def connection(
    connection_id: UUID, response: Response, caller: CurrentCaller, parts: CurrentParts
) -> ShownConnection:
    """One connection; its `ETag` serves as `If-Match` of a change."""
    return _answered(await parts.connections.get(caller.user.key, connection_id), response)


@router.get("/{connection_id}/calendars")
async def calendars(
    connection_id: UUID, caller: CurrentCaller, parts: CurrentParts
) -> CalendarList:
    """The calendars of the connection's account."""
    known = await parts.connections.get(caller.user.key, connection_id)
    found = await parts.neighbours.calendars(known.calendar_credential_id, known.provider)
    return CalendarList(
        items=[
            CalendarList.Item(id=one.id, name=one.name, primary=one.primary, writable=one.writable)
            for one in found
        ]
    )


@router.patch("/{connection_id}")
async def change(  # noqa: PLR0917 - the framework passes all by name
    connection_id: UUID,
    order: SettingsChange,
    response: Response,
    caller: CurrentCaller,
    parts: CurrentParts,
    if_match: Annotated[str | None, Header(max_length=200)] = None,
) -> ShownConnection:
    """Change some settings; with `If-Match` only where nothing else has changed meanwhile."""
    known = await parts.connections.get(caller.user.key, connection_id)
    await check_change(order, known, caller.user, parts.neighbours)
    at = parts.clock.now()

    def changed(one: Connection) -> Connection:
        if if_match is not None and not _matches(if_match, one):
            raise ProblemError(
                412,
                f"If-Match: the connection was changed meanwhile and is at {_etag(one)} now;"
                " read it again before you change it",
            )
        return order.applied_to(one, at=at)

    return _answered(
        await parts.connections.change(connection_id, changed, owner=caller.user.key), response
    )


@router.post("/{connection_id}/start", dependencies=[REPEATABLE])
async def start(
    connection_id: UUID, response: Response, caller: CurrentCaller, parts: CurrentParts
) -> ShownConnection:
    """Start to sync; starting again changes nothing."""
    started = await parts.connections.change(
        connection_id, lambda one: replace(one, started=True), owner=caller.user.key
    )
    return _answered(started, response)


@router.post("/{connection_id}/pause", dependencies=[REPEATABLE])
async def pause(
    connection_id: UUID, response: Response, caller: CurrentCaller, parts: CurrentParts
) -> ShownConnection:
    """Write nothing until resumed; what happens meanwhile is recorded."""
    return _answered(await _paused(parts, caller, connection_id, paused=True), response)


@router.post("/{connection_id}/resume", dependencies=[REPEATABLE])
async def resume(
    connection_id: UUID, response: Response, caller: CurrentCaller, parts: CurrentParts
) -> ShownConnection:
    """Go on after a pause, and with items that rested because they seemed to loop."""
    resumed = await _paused(parts, caller, connection_id, paused=False)
    if resumed.started:
        await parts.neighbours.wake(connection_id)
    return _answered(resumed, response)


@router.post("/{connection_id}/resync", status_code=202, dependencies=[REPEATABLE])
async def resync(
    connection_id: UUID, response: Response, caller: CurrentCaller, parts: CurrentParts
) -> ShownConnection:
    """Read both sides again."""
    known = await parts.connections.get(caller.user.key, connection_id)
    if known.status not in READ:
        raise ProblemError(409, f"status: a connection that is {known.status} cannot be read")
    await parts.connections.request(known, ResyncRequested)
    return _answered(known, response)


@router.delete("/{connection_id}", status_code=202)
async def disconnect(
    connection_id: UUID,
    caller: CurrentCaller,
    parts: CurrentParts,
    events: Literal["keep", "remove"] = "keep",
) -> Disconnected:
    """End a connection; the events that we made stay or go, the user's own always stay."""
    now = parts.clock.now()
    await parts.connections.change(
        connection_id,
        lambda one: replace(one, removed_at=now, remove_events=events == "remove"),
        owner=caller.user.key,
    )
    return Disconnected(id=connection_id, events=events)


async def _check_room(parts: Parts, caller: Caller, email: str) -> None:
    known = await parts.connections.of_user(caller.user.key)
    if len(known) >= CONNECTIONS_MAX and email not in {one.email for one in known}:
        raise ProblemError(409, f"at most {CONNECTIONS_MAX} connections; disconnect one first")


async def _paused(parts: Parts, caller: Caller, connection_id: UUID, *, paused: bool) -> Connection:
    order = SettingsChange(paused=paused)
    at = parts.clock.now()
    return await parts.connections.change(
        connection_id, lambda one: order.applied_to(one, at=at), owner=caller.user.key
    )


def _etag(connection: Connection) -> str:
    return f'"{connection.revision}"'


def _matches(if_match: str, connection: Connection) -> bool:
    """Whether one of the tags is that of the connection as it is."""
    tags = {tag.strip() for tag in if_match.split(",")}
    return bool(tags & {"*", _etag(connection)})


def _answered(connection: Connection, response: Response) -> ShownConnection:
    response.headers["etag"] = _etag(connection)
    return shown(connection)
