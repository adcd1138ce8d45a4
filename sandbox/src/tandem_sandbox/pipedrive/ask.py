"""A request as an operation sees it, and the answer that it gives."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from tandem_sandbox.pipedrive.errors import PipedriveError, invalid
from tandem_sandbox.pipedrive.model import User
from tandem_sandbox.pipedrive.state import Company

Wanted = TypeVar("Wanted", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks for what, and when."""

    company: Company
    user: User
    path: Mapping[str, Any]
    query: Mapping[str, str]
    content: bytes
    now: datetime

    def asked(self, model: type[Wanted]) -> Wanted:
        """The query's parameters; unknown ones are refused."""
        return checked(model, dict(self.query), strict=False)

    def given(self, model: type[Wanted]) -> Wanted:
        """The body; types are strict, unknown fields are refused."""
        try:
            body = json.loads(self.content or b"{}")
        except (ValueError, RecursionError):
            raise PipedriveError(400, "Request body is not valid JSON") from None
        if not isinstance(body, dict):
            raise PipedriveError(400, "Request body must be a JSON object")
        return checked(model, body, strict=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answers; `more` stands beside `success` and `data`."""

    data: Any
    status: int = 200
    more: dict[str, Any] = field(default_factory=dict)


def page(data: list[Any], next_cursor: str | None) -> Answer:
    """A page of a list of API v2."""
    return Answer(data, more={"additional_data": {"next_cursor": next_cursor}})


def checked(model: type[Wanted], values: dict[str, Any], *, strict: bool) -> Wanted:
    """The values as a model.

    Raises:
        PipedriveError: they don't fit; the first wrong field is named.
    """
    try:
        return model.model_validate(values, strict=strict)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise invalid(name, first["msg"].removeprefix("Value error, ")) from None
