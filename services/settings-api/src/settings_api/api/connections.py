"""`/api/v1/connections`: connect, look, change, start, pause, read again, disconnect."""

from dataclasses import replace
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from settings_api.api.caller import Caller, CurrentCaller, CurrentParts
from settings_api.api.changes import SettingsChange, check_change
from settings_api.api.problems import ProblemError
from settings_api.api.shown import ConnectionList, ShownConnection, shown
from settings_api.connection import Connection
from settings_api.connections import Change
from settings_api.connections import Request as Reading
from settings_api.email_providers import check_built, provider_of
from settings_api.oauth.endpoints import google_authorize_url
from settings_api.parts import Parts
from tandem.contracts.connections import ConnectionStatus, Provider
from tandem.contracts.requests import BackfillRequested, ResyncRequested

CONNECTIONS_MAX = 10

router = APIRouter(prefix="/api/v1/connections", tags=["connections"])


class ConnectOrder(BaseModel):
    """The address of a calendar account; `provider` where its domain does not tell."""

    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Field(max_length=320, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
    provider: Provider | None = None


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


@router.get("")
async def connections(caller: CurrentCaller, parts: CurrentParts) -> ConnectionList:
    """The user's connections."""
    found = await parts.connections.of_user(caller.user.key)
    return ConnectionList(items=[shown(one) for one in found])


@router.post("", status_code=202)
async def connect(
    order: ConnectOrder, request: Request, caller: CurrentCaller, parts: CurrentParts
) -> Departure:
    """Begin to connect a calendar account, or to connect it again."""
    email = order.email.lower()
    if order.provider is None:
        await provider_of(email, parts.email_providers)
    else:
        check_built(order.provider)
    known = await parts.connections.of_user(caller.user.key)
    if len(known) >= CONNECTIONS_MAX and email not in {one.email for one in known}:
        raise ProblemError(409, f"at most {CONNECTIONS_MAX} connections; disconnect one first")
    browser = parts.cookies.session_token(request) if caller.session else None
    url = await google_authorize_url(parts, caller.user.key, email, browser=browser)
    return Departure(authorize_url=url)


@router.get("/{connection_id}")
async def connection(
    connection_id: UUID, caller: CurrentCaller, parts: CurrentParts
) -> ShownConnection:
    """One connection."""
    return shown(await parts.connections.get(caller.user.key, connection_id))


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
async def change(
    connection_id: UUID,
    order: SettingsChange,
    caller: CurrentCaller,
    parts: CurrentParts,
    if_match: Annotated[str | None, Header(max_length=40)] = None,
) -> ShownConnection:
    """Change some settings; `If-Match` with a revision refuses a change of something newer."""
    known = await parts.connections.get(caller.user.key, connection_id)
    await check_change(order, known, caller.user, parts.neighbours)

    def changed(one: Connection) -> Connection:
        if if_match is not None and if_match.strip('"') != str(one.revision):
            raise ProblemError(412, f"If-Match: the connection is at revision {one.revision} now")
        return one.with_settings(order.applied_to(one.settings))

    return await _changed(parts, caller, connection_id, changed)


@router.post("/{connection_id}/start")
async def start(connection_id: UUID, caller: CurrentCaller, parts: CurrentParts) -> ShownConnection:
    """Start to sync; starting again changes nothing."""
    return await _changed(parts, caller, connection_id, lambda one: replace(one, started=True))


@router.post("/{connection_id}/pause")
async def pause(connection_id: UUID, caller: CurrentCaller, parts: CurrentParts) -> ShownConnection:
    """Write nothing until resumed; what happens meanwhile is recorded."""
    return await _paused(parts, caller, connection_id, paused=True)


@router.post("/{connection_id}/resume")
async def resume(
    connection_id: UUID, caller: CurrentCaller, parts: CurrentParts
) -> ShownConnection:
    """Go on after a pause: both sides are read again and brought together."""
    return await _paused(parts, caller, connection_id, paused=False)


@router.post("/{connection_id}/resync", status_code=202)
async def resync(
    connection_id: UUID, caller: CurrentCaller, parts: CurrentParts
) -> ShownConnection:
    """Read both sides again."""
    known = await parts.connections.get(caller.user.key, connection_id)
    if known.status not in {ConnectionStatus.ACTIVE, ConnectionStatus.PAUSED}:
        raise ProblemError(409, f"status: a connection that is {known.status} cannot be read")
    await parts.connections.request(known, ResyncRequested)
    return shown(known)


@router.delete("/{connection_id}", status_code=202)
async def disconnect(
    connection_id: UUID,
    caller: CurrentCaller,
    parts: CurrentParts,
    events: Literal["keep", "remove"] = "keep",
) -> JSONResponse:
    """End a connection; the events that we made stay or go, the user's own always stay."""
    now = parts.clock.now()
    await parts.connections.change(
        connection_id,
        lambda one: replace(one, removed_at=now, remove_events=events == "remove"),
        owner=caller.user.key,
    )
    return JSONResponse({"disconnected": str(connection_id), "events": events}, status_code=202)


async def _paused(
    parts: Parts, caller: Caller, connection_id: UUID, *, paused: bool
) -> ShownConnection:
    change = SettingsChange(paused=paused)
    return await _changed(
        parts,
        caller,
        connection_id,
        lambda one: one.with_settings(change.applied_to(one.settings)),
    )


async def _changed(
    parts: Parts, caller: Caller, connection_id: UUID, change: Change
) -> ShownConnection:
    changed = await parts.connections.change(
        connection_id, change, owner=caller.user.key, then=_reading_after
    )
    return shown(changed)


def _reading_after(before: Connection, after: Connection) -> Reading | None:
    """What must be read again after a change."""
    if not after.started:
        return None
    if not before.started or before.settings.calendar_id != after.settings.calendar_id:
        return BackfillRequested
    return ResyncRequested if before.settings.paused and not after.settings.paused else None
