"""What would be decided, what waits for the user's word, and taking back what was decided."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from settings_api.api.caller import CurrentCaller, CurrentParts
from settings_api.api.changes import SettingsChange, check_change
from settings_api.api.repeatable import REPEATABLE, RepeatableRoute
from settings_api.problem import ProblemError

router = APIRouter(prefix="/api/v1/connections", tags=["decisions"], route_class=RepeatableRoute)


class PreviewOrder(BaseModel):
    """Settings as they would be changed; none: the connection as it is."""

    model_config = ConfigDict(extra="forbid")

    settings: SettingsChange | None = None


class Preview(BaseModel):
    """How many items would be written, and the first of them; `truncated`: there are more."""

    class Item(BaseModel):
        """One write that would happen."""

        side: str
        verb: str
        title: str
        start: str | None = None
        reason: str

    counts: dict[str, int]
    items: list[Item]
    truncated: bool


class Accepted(BaseModel):
    """It was taken on, and is on its way; `reason` is the code of the history."""

    reason: str = ""


class HeldDeletions(BaseModel):
    """Deletions that wait for the user's word."""

    class Item(BaseModel):
        """One item; `side` is where it would be deleted."""

        link_id: UUID
        side: str
        title: str
        start: str | None = None
        held_at: datetime

    items: list[Item]


@router.post("/{connection_id}/preview", dependencies=[REPEATABLE])
async def preview(
    connection_id: UUID, order: PreviewOrder, caller: CurrentCaller, parts: CurrentParts
) -> Preview:
    """What would be created, updated and deleted; writes nothing."""
    known = await parts.connections.get(caller.user.key, connection_id)
    asked: dict[str, Any] = {}
    if order.settings is not None:
        await check_change(order.settings, known, caller.user, parts.neighbours)
        changed = order.settings.applied_to(known, at=parts.clock.now())
        asked = {
            "settings": changed.settings.model_dump(mode="json"),
            "remove_events": order.settings.events == "remove",
        }
    return Preview.model_validate(await parts.neighbours.preview(connection_id, asked))


@router.post("/{connection_id}/history/{row}/undo", status_code=202, dependencies=[REPEATABLE])
async def undo(
    connection_id: UUID, row: int, caller: CurrentCaller, parts: CurrentParts
) -> Accepted:
    """Write back what was before a row of the history; a deleted item is created again."""
    if not 0 < row < 2**63:
        raise ProblemError(404, "row: the history has none with this number")
    await parts.connections.get(caller.user.key, connection_id)
    return Accepted.model_validate(await parts.neighbours.undo(connection_id, row))


@router.get("/{connection_id}/held")
async def held(connection_id: UUID, caller: CurrentCaller, parts: CurrentParts) -> HeldDeletions:
    """Deletions that were held because they were many at once."""
    await parts.connections.get(caller.user.key, connection_id)
    return HeldDeletions.model_validate(await parts.neighbours.held(connection_id))


@router.post("/{connection_id}/held/confirm", status_code=202, dependencies=[REPEATABLE])
async def confirm_held(connection_id: UUID, caller: CurrentCaller, parts: CurrentParts) -> Accepted:
    """Carry out the held deletions."""
    await parts.connections.get(caller.user.key, connection_id)
    return Accepted.model_validate(await parts.neighbours.settle_held(connection_id, "confirm"))


@router.post("/{connection_id}/held/reject", status_code=202, dependencies=[REPEATABLE])
async def reject_held(connection_id: UUID, caller: CurrentCaller, parts: CurrentParts) -> Accepted:
    """Restore what was deleted."""
    await parts.connections.get(caller.user.key, connection_id)
    return Accepted.model_validate(await parts.neighbours.settle_held(connection_id, "reject"))


@router.get("/{connection_id}/unticked")
async def unticked(connection_id: UUID, caller: CurrentCaller, parts: CurrentParts) -> Preview:
    """Events that we made of types that are not ticked any more, as they would be removed."""
    await parts.connections.get(caller.user.key, connection_id)
    return Preview.model_validate(await parts.neighbours.unticked(connection_id))


@router.post("/{connection_id}/unticked/remove", status_code=202, dependencies=[REPEATABLE])
async def remove_unticked(
    connection_id: UUID, caller: CurrentCaller, parts: CurrentParts
) -> Accepted:
    """Remove them from the calendar; the activities stay."""
    await parts.connections.get(caller.user.key, connection_id)
    return Accepted.model_validate(await parts.neighbours.remove_unticked(connection_id))
