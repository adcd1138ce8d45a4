"""A change of settings as a client asks for it, checked against the account and the company."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from settings_api.connection import WRITTEN, Connection
from settings_api.neighbours import AT_REST, Neighbours
from settings_api.problem import ProblemError, field_problem
from settings_api.user import User
from tandem.contracts.connections import (
    ConflictWinner,
    ConnectionSettings,
    Direction,
    PrivateEvents,
)

TypeKey = Annotated[str, Field(min_length=1, max_length=255)]


class SettingsChange(BaseModel):
    """Any of the settings; what is not given stays as it is.

    `events` goes with `calendar_id`: what becomes of those that we made in the former calendar.
    """

    model_config = ConfigDict(extra="forbid")

    calendar_id: Annotated[str, Field(min_length=1, max_length=1024)] = ""
    events: Literal["keep", "remove"] = "keep"
    direction: Direction = Direction.TWO_WAY
    synced_types: Annotated[list[TypeKey], Field(max_length=500)] | None = None
    save_events_as: TypeKey = "meeting"
    include_deal_contact_info: Annotated[bool, Field(strict=True)] = False
    private_events: PrivateEvents = PrivateEvents.REDACT
    default_duration_minutes: Annotated[int, Field(ge=5, le=1439, strict=True)] = 30
    invite_guests: Annotated[bool, Field(strict=True)] = False
    conflict_winner: ConflictWinner = ConflictWinner.LATEST
    horizon_days: Annotated[int, Field(ge=1, le=366, strict=True)] = 90
    paused: Annotated[bool, Field(strict=True)] = False

    @property
    def given(self) -> dict[str, Any]:
        """The settings that the client gave."""
        return self.model_dump(include=self.model_fields_set - {"events"})

    def applied_to(self, connection: Connection, *, at: datetime) -> Connection:
        """The connection with this change; ProblemError 422 where settings do not go together.

        A calendar that was chosen has just been seen, so it is not gone (any more). ProblemError
        409 where the former calendar is to be cleared and nothing can be written.
        """
        given = self.given
        if "events" in self.model_fields_set and "calendar_id" not in given:
            raise field_problem("events", "goes with calendar_id only")
        settings = ConnectionSettings.model_validate(connection.settings.model_dump() | given)
        if "save_events_as" in given and settings.direction is not Direction.TWO_WAY:
            raise field_problem("save_events_as", "exists with direction two_way only")
        changed = replace(connection, settings=settings)
        if settings.calendar_id != connection.settings.calendar_id:
            if self.events == "remove" and connection.started and connection.status not in WRITTEN:
                raise ProblemError(409, AT_REST)
            changed = replace(changed, remove_events=self.events == "remove")
        return changed.with_calendar_found(at) if "calendar_id" in given else changed


async def check_change(
    change: SettingsChange, connection: Connection, user: User, neighbours: Neighbours
) -> None:
    """ProblemError 422 for a type or a calendar that cannot be chosen."""
    given = change.given
    types = set(given.get("synced_types") or ()) - (connection.settings.synced_types or set())
    await _check_types("synced_types", types, user, neighbours)
    if "save_events_as" in given:
        await _check_types("save_events_as", {given["save_events_as"]}, user, neighbours)
    if "calendar_id" in given:
        await _check_calendar(given["calendar_id"], connection, neighbours)


async def _check_types(field: str, types: set[str], user: User, neighbours: Neighbours) -> None:
    """Types that were chosen earlier may have been switched off since; new ones must be active."""
    if not types:
        return
    unknown = types - {one.key for one in await neighbours.activity_types(user)}
    if unknown:
        named = ", ".join(sorted(unknown))
        raise field_problem(field, f"there is no active activity type {named}")


async def _check_calendar(calendar_id: str, connection: Connection, neighbours: Neighbours) -> None:
    calendars = await neighbours.calendars(connection.calendar_credential_id, connection.provider)
    found = next((one for one in calendars if one.id == calendar_id), None)
    if found is None:
        raise field_problem("calendar_id", "the account has no such calendar")
    if not found.writable:
        raise field_problem("calendar_id", "this calendar is read-only; choose another")
