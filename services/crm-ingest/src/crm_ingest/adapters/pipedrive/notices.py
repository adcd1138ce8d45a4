"""Reads the body of a webhook v2: of which activity it tells, and whose it is.

The body is of another shape than the API's and lacks half of it, so nothing but ids is taken
from it.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

MAX_ID = 2**53


class MalformedError(ValueError):
    """The body is not a webhook of the version that we subscribe to."""


@dataclass(frozen=True)
class Notice:
    """An activity was created, changed or deleted; `owner_id` as far as the body tells."""

    company_id: int
    activity_id: int
    owner_id: int | None


Id = Annotated[int, Field(gt=0, le=MAX_ID)]


class _Meta(BaseModel):
    model_config = ConfigDict(extra="ignore")

    action: Literal["create", "change", "delete"]
    entity: str
    entity_id: Any = None
    company_id: Any = None


class _ActivityMeta(BaseModel):
    entity_id: Id
    company_id: Id


class _Owner(BaseModel):
    owner_id: Id | None = None


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore")

    meta: _Meta
    data: dict[str, Any] | None = None
    previous: dict[str, Any] | None = None


def notice_of(body: bytes) -> Notice | None:
    """What a webhook tells; None where it is about something else than an activity."""
    try:
        told = _Body.model_validate_json(body)
        if told.meta.entity != "activity":
            return None
        ids = _ActivityMeta(entity_id=told.meta.entity_id, company_id=told.meta.company_id)
        owner = _Owner.model_validate((told.data or told.previous) or {})
    except ValidationError as error:
        raise MalformedError("not a webhook v2 of Pipedrive") from error
    return Notice(ids.company_id, ids.entity_id, owner.owner_id)
