"""What a client may write into an event: the names and types of the fields, nothing else.

Unknown fields and those that only the server sets are passed over, as Google does.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from tandem_sandbox.google import errors


class Part(BaseModel):
    """Strict in types; every field may be absent or null."""

    model_config = ConfigDict(strict=True, extra="ignore", alias_generator=to_camel)


class TimePart(Part):
    """A start or an end."""

    date: str | None = None
    date_time: str | None = None
    time_zone: str | None = None


class AttendeePart(Part):
    """Somebody invited."""

    email: str | None = None
    display_name: str | None = None
    optional: bool | None = None
    resource: bool | None = None
    response_status: str | None = None
    comment: str | None = None
    additional_guests: int | None = None


class ReminderPart(Part):
    """One reminder."""

    method: str | None = None
    minutes: int | None = None


class RemindersPart(Part):
    """All reminders."""

    use_default: bool | None = None
    overrides: list[ReminderPart] | None = None


class PropertiesPart(Part):
    """Extended properties; null takes one away."""

    private: dict[str, str | None] | None = None
    shared: dict[str, str | None] | None = None


class SourcePart(Part):
    """Where the event comes from."""

    title: str | None = None
    url: str | None = None


class OrganizerPart(Part):
    """The organizer; taken only from imported events."""

    email: str | None = None
    display_name: str | None = None


class AttachmentPart(Part):
    """An attached file."""

    file_url: str | None = None
    title: str | None = None
    mime_type: str | None = None
    icon_link: str | None = None
    file_id: str | None = None


class EntryPointPart(Part):
    """A way into a conference."""

    entry_point_type: str | None = None
    uri: str | None = None
    label: str | None = None
    pin: str | None = None
    access_code: str | None = None
    meeting_code: str | None = None
    passcode: str | None = None
    password: str | None = None


class SolutionKeyPart(Part):
    """Which kind of conference."""

    type: str | None = None


class SolutionPart(Part):
    """The service that holds a conference."""

    key: SolutionKeyPart | None = None
    name: str | None = None
    icon_uri: str | None = None


class CreateConferencePart(Part):
    """The wish for a new conference."""

    request_id: str | None = None
    conference_solution_key: SolutionKeyPart | None = None


class ConferencePart(Part):
    """A conference."""

    conference_id: str | None = None
    conference_solution: SolutionPart | None = None
    create_request: CreateConferencePart | None = None
    entry_points: list[EntryPointPart] | None = None
    notes: str | None = None


class AbsencePart(Part):
    """Focus time or out of office."""

    auto_decline_mode: str | None = None
    decline_message: str | None = None
    chat_status: str | None = None


class BirthdayPart(Part):
    """Whose birthday, or which other day."""

    type: str | None = None


class OfficePart(Part):
    """A desk in an office, or any other named place."""

    building_id: str | None = None
    desk_id: str | None = None
    floor_id: str | None = None
    floor_section_id: str | None = None
    label: str | None = None


class PlacePart(Part):
    """Where somebody works."""

    type: str | None = None
    home_office: dict[str, Any] | None = None
    office_location: OfficePart | None = None
    custom_location: OfficePart | None = None


class EventPart(Part):
    """An event."""

    id: str | None = None
    i_cal_uid: str | None = Field(default=None, alias="iCalUID")
    status: str | None = None
    summary: str | None = None
    description: str | None = None
    location: str | None = None
    color_id: str | None = None
    start: TimePart | None = None
    end: TimePart | None = None
    recurrence: list[str] | None = None
    transparency: str | None = None
    visibility: str | None = None
    sequence: int | None = None
    attendees: list[AttendeePart] | None = None
    organizer: OrganizerPart | None = None
    extended_properties: PropertiesPart | None = None
    conference_data: ConferencePart | None = None
    anyone_can_add_self: bool | None = None
    guests_can_invite_others: bool | None = None
    guests_can_modify: bool | None = None
    guests_can_see_other_guests: bool | None = None
    private_copy: bool | None = None
    reminders: RemindersPart | None = None
    source: SourcePart | None = None
    attachments: list[AttachmentPart] | None = None
    event_type: str | None = None
    birthday_properties: BirthdayPart | None = None
    focus_time_properties: AbsencePart | None = None
    out_of_office_properties: AbsencePart | None = None
    working_location_properties: PlacePart | None = None
    attendees_omitted: bool | None = None


def read_event(raw: object) -> dict[str, Any]:
    """The fields of a client's event that count; null stays null.

    Raises:
        GoogleError: not an object, or a field has a wrong type.
    """
    try:
        return EventPart.model_validate(raw).model_dump(by_alias=True, exclude_unset=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(step) for step in first["loc"]) or "resource"
        raise errors.invalid(f"Invalid value for {path}: {first['msg']}", path) from error


def merged(kept: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """``kept`` with a patch laid over it: objects are merged, lists replaced, null removes."""
    result = dict(kept)
    for name, value in change.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            result[name] = merged(result.get(name) or {}, value)
        elif isinstance(value, list):
            result[name] = [merged({}, one) if isinstance(one, dict) else one for one in value]
        else:
            result[name] = value
    return result


def without_nulls(value: dict[str, Any]) -> dict[str, Any]:
    """What a whole event says once its nulls are taken as absent."""
    return merged({}, value)
