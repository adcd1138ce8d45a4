"""A request to the API as its operations see it, and what they answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.datastructures import Headers, QueryParams

from tandem_sandbox.google import errors, times
from tandem_sandbox.google.model import Mailbox

FLAGS = {"true": True, "false": False}
SURROGATE = b"\\ud"
"""The beginning of half a character; only with its other half it is text."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request."""

    mailbox: Mailbox
    path: Mapping[str, str]
    query: QueryParams
    headers: Headers
    content: bytes

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean parameter.

        Raises:
            GoogleError: neither ``true`` nor ``false``.
        """
        text = self.query.get(name)
        if text is None:
            return default
        if text not in FLAGS:
            raise errors.invalid(f"Invalid boolean value: {text!r}.", name)
        return FLAGS[text]

    def number(self, name: str, *, least: int = 1, most: int | None = None) -> int | None:
        """A whole number parameter.

        Raises:
            GoogleError: not a number, or out of bounds.
        """
        text = self.query.get(name)
        if text is None:
            return None
        if not text.lstrip("-").isascii() or not text.lstrip("-").isdigit():
            raise errors.invalid(f"Invalid integer value: {text!r}.", name)
        value = int(text)
        if value < least or (most is not None and value > most):
            raise errors.invalid(f"Invalid value {value}. Values must be at least {least}.", name)
        return value

    def choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        """A parameter that is one of ``choices``.

        Raises:
            GoogleError: it is another one.
        """
        text = self.query.get(name)
        if text is not None and text not in choices:
            raise errors.invalid(f"Invalid string value: {text!r}. Allowed: {choices}", name)
        return text

    def stamp(self, name: str) -> datetime | None:
        """A moment; its offset is mandatory.

        Raises:
            GoogleError: it cannot be read.
        """
        text = self.query.get(name)
        if text is None:
            return None
        moment = times.parse_stamp(text)
        if moment is None or moment.tzinfo is None:
            raise errors.GoogleError(400, "badRequest", "Bad Request", location=name)
        return moment

    def body(self) -> dict[str, Any]:
        """The JSON object that came with the request.

        Raises:
            GoogleError: there is none.
        """
        try:
            value = json.loads(self.content or b"{}")
            if SURROGATE in self.content.lower():
                json.dumps(value, ensure_ascii=False).encode()
        except ValueError as error:
            raise errors.GoogleError(400, "parseError", "Parse Error") from error
        if not isinstance(value, dict):
            raise errors.GoogleError(400, "parseError", "Parse Error")
        return value


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answers; no content where ``body`` is none."""

    body: dict[str, Any] | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def shown(ask: Ask, body: dict[str, Any]) -> Answer:
    """A thing with its etag; 304 where the client has it already."""
    headers = {"ETag": body["etag"]}
    if ask.headers.get("if-none-match") == body["etag"]:
        return Answer(None, 304, headers)
    return Answer(body, headers=headers)
