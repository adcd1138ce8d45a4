"""A request to the API as its operations see it, and what they answer."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers, QueryParams

from tandem_sandbox.microsoft import errors, times
from tandem_sandbox.microsoft.model import Mailbox

PAGE_DEFAULT = 10
PAGE_MAX = 1000
_PREFERENCE = re.compile(r'([A-Za-z.\-]+)\s*=\s*(?:"([^"]*)"|([^\s,;"]+))')


@dataclass(frozen=True, slots=True)
class Ask:
    """One request; `preferences` are those of its `Prefer` headers, by name in lower case."""

    mailbox: Mailbox
    url: str
    path: Mapping[str, str]
    query: QueryParams
    headers: Headers
    content: bytes
    preferences: Mapping[str, str]

    @property
    def immutable(self) -> bool:
        """Whether ids are to be immutable ones."""
        return self.preferences.get("idtype", "").lower() == "immutableid"

    @property
    def zone(self) -> str:
        """Name of the zone in which times are to be shown.

        Raises:
            GraphError: there is no such zone.
        """
        name = self.preferences.get("outlook.timezone", "UTC")
        if times.zone_of(name) is None:
            raise errors.invalid(f"'{name}' is no time zone", "TimeZoneNotSupportedException")
        return name

    @property
    def text_bodies(self) -> bool:
        """Whether bodies are to be shown as text."""
        return self.preferences.get("outlook.body-content-type", "").lower() == "text"

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number parameter, at least 1.

        Raises:
            GraphError: it is none.
        """
        text = self.query.get(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdigit():
            raise errors.invalid(f"Invalid value '{text}' for {name}")
        return min(int(text), most)

    def page_size(self) -> int:
        """Entries that a page may have."""
        text = self.preferences.get("odata.maxpagesize", "")
        return min(max(int(text), 1), PAGE_MAX) if text.isdigit() else PAGE_DEFAULT

    def body(self) -> dict[str, Any]:
        """The JSON object that came with the request.

        Raises:
            GraphError: there is none.
        """
        try:
            value = json.loads(self.content or b"{}")
        except ValueError as error:
            raise errors.invalid("Unable to read JSON request payload.", "BadRequest") from error
        if not isinstance(value, dict):
            raise errors.invalid("Unable to read JSON request payload.", "BadRequest")
        return value


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answers; no content where `body` is none."""

    body: dict[str, Any] | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def preferences(headers: Headers) -> dict[str, str]:
    """What the `Prefer` headers ask for."""
    found: dict[str, str] = {}
    for line in headers.getlist("prefer"):
        for name, quoted, bare in _PREFERENCE.findall(line):
            found[name.lower()] = quoted or bare
    return found
