"""Vendor-neutral pieces of a meeting: its times, its fields, and a set of changes to them."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator

from tandem.contracts.message import Contract

TITLE_LENGTH_MAX = 255
NAME_LENGTH_MAX = 100
LINE_LENGTH_MAX = 1_024
TEXT_LENGTH_MAX = 65_536


def _storable(length: int) -> BeforeValidator:
    """Cut what people wrote to a length, without what JSON or PostgreSQL can not hold."""

    def clean(text: object) -> object:
        if not isinstance(text, str):
            return text
        return text.encode("utf-8", "replace").decode().replace("\0", "")[:length]

    return BeforeValidator(clean)


Name = Annotated[str, _storable(NAME_LENGTH_MAX)]
"""How a person is called."""

Line = Annotated[str, _storable(LINE_LENGTH_MAX)]
"""Short text as people wrote it: a title, a place."""

Text = Annotated[str, _storable(TEXT_LENGTH_MAX)]
"""Long text as people wrote it; cut, so that every message fits into Kafka."""


class Side(StrEnum):
    """The two sides of a link."""

    CRM = "crm"
    CALENDAR = "calendar"

    @property
    def other(self) -> "Side":
        """The opposite side."""
        return Side.CALENDAR if self is Side.CRM else Side.CRM


class Timed(Contract):
    """A meeting with a clock time, both ends in UTC, the end exclusive."""

    kind: Literal["timed"] = "timed"
    start: AwareDatetime
    end: AwareDatetime

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "Timed":
        if self.end < self.start:
            raise ValueError("end: must not be before start")
        return self


class AllDay(Contract):
    """A meeting of whole days; its dates belong to no zone and are never shifted by one."""

    kind: Literal["all_day"] = "all_day"
    first: date
    days: Annotated[int, Field(ge=1, le=3660)] = 1


Schedule = Annotated[Timed | AllDay, Field(discriminator="kind")]


class MeetingField(StrEnum):
    """The fields that are synced, by their canonical names."""

    TITLE = "title"
    SCHEDULE = "schedule"
    DESCRIPTION = "description"
    LOCATION = "location"
    BUSY = "busy"
    GUESTS = "guests"


_FIELDS = tuple(MeetingField)


class Meeting(Contract):
    """Canonical form of a meeting: what both sides are normalised to before they are compared."""

    title: str
    schedule: Schedule
    description: str = ""
    location: str = ""
    busy: bool = True
    guests: frozenset[str] = frozenset()

    def changed_fields(self, other: "Meeting") -> frozenset[MeetingField]:
        """Fields in which `other` differs from this meeting."""
        if self == other:
            return frozenset()
        return frozenset(
            [field for field in _FIELDS if getattr(self, field) != getattr(other, field)]
        )

    def with_fields(self, source: "Meeting", fields: frozenset[MeetingField]) -> "Meeting":
        """This meeting with `fields` taken from `source`."""
        if not fields:
            return self
        return self.model_copy(update={field.value: getattr(source, field) for field in fields})
