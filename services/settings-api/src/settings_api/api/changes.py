"""A change of settings as a client asks for it, checked against the account and the company."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from settings_api.api.problems import field_problem
from settings_api.connection import Connection
from settings_api.neighbours import Neighbours
from settings_api.user import User
from tandem.contracts.connections import (
    ConflictWinner,
    ConnectionSettings,
    Direction,
    PrivateEvents,
)

TypeKey = Annotated[str, Field(min_length=1, max_length=255)]


class SettingsChange(BaseModel):
    """Any of the settings; what is not given stays as it is."""

    model_config = ConfigDict(extra="forbid", strict=False)

    calendar_id: Annotated[str, Field(min_length=1, max_length=1024)] = ""
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
        """What the client gave."""
        return self.model_dump(include=self.model_fields_set)

    def applied_to(self, settings: ConnectionSettings) -> ConnectionSettings:
        """The settings with this change; ProblemError 422 where they do not go together."""
        given = self.given
        changed = ConnectionSettings.model_validate(settings.model_dump() | given)
        if "save_events_as" in given and changed.direction is not Direction.TWO_WAY:
            raise field_problem("save_events_as", "exists with direction two_way only")
        return changed


async def check_change(
    change: SettingsChange, connection: Connection, user: User, neighbours: Neighbours
) -> None:
    """ProblemError 422 for a type or a calendar that cannot be chosen."""
    given = change.given
    wanted = set(given.get("synced_types") or ())
    if "save_events_as" in given:
        wanted.add(given["save_events_as"])
    if wanted:
        active = {one.key for one in await neighbours.activity_types(user)}
        for name in ("save_events_as", "synced_types"):
            value = given.get(name) or ()
            unknown = {value} - active if isinstance(value, str) else set(value) - active
            if unknown:
                message = f"no active activity type is called {', '.join(sorted(unknown))}"
                raise field_problem(name, message)
    if "calendar_id" in given:
        calendars = await neighbours.calendars(
            connection.calendar_credential_id, connection.provider
        )
        found = next((one for one in calendars if one.id == given["calendar_id"]), None)
        if found is None:
            raise field_problem("calendar_id", "the account has no such calendar")
        if not found.writable:
            raise field_problem("calendar_id", "this calendar is read-only; choose another")
