"""What a client may write into an activity; types are strict, unknown fields refused."""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tandem_sandbox.pipedrive.model import Address, Attendee, Participant

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_DURATION = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?")


def _date(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError("This value is not a valid date.") from None


def _clock(value: str) -> str | None:
    return _spelt(_TIME, value)


def _length(value: str) -> str | None:
    return _spelt(_DURATION, value)


def _spelt(pattern: re.Pattern[str], value: str) -> str | None:
    """One form for what comes as HH:MM or HH:MM:SS; an empty one means none."""
    if not value:
        return None
    found = pattern.fullmatch(value)
    if found is None:
        raise ValueError("This value is not a valid datetime.")
    return f"{int(found[1]):02d}:{found[2]}:{found[3] or '00'}"


class ActivityBody(BaseModel):
    """The writable fields; a field that is not given stays as it is."""

    model_config = ConfigDict(strict=True, extra="forbid")

    subject: Annotated[str, Field(max_length=255)] | None = None
    type: str | None = None
    owner_id: int | None = None
    deal_id: int | None = None
    lead_id: str | None = None
    person_id: int | None = None
    org_id: int | None = None
    project_id: int | None = None
    due_date: Annotated[str, AfterValidator(_date)] | None = None
    due_time: Annotated[str, AfterValidator(_clock)] | None = None
    duration: Annotated[str, AfterValidator(_length)] | None = None
    busy: bool | None = None
    done: bool | None = None
    location: Address | None = None
    participants: list[Participant] | None = None
    attendees: list[Attendee] | None = None
    public_description: Annotated[str, Field(max_length=65_536)] | None = None
    priority: int | None = None
    note: str | None = None

    def changes(self) -> dict[str, Any]:
        """The fields that were given, as an activity keeps them."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        for name in ("participants", "attendees"):
            if name in given:
                given[name] = given[name] or []
        if given.get("done") is None:
            given.pop("done", None)
        given.pop("person_id", None)  # set through the primary participant
        return given
