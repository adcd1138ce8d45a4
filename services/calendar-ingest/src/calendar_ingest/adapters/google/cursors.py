"""Where reading a calendar has come to: a page of a list, or Google's sync token.

Google wants every page asked for with the parameters of the first one, so they are kept along.
"""

import json
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Cursor:
    """`since` (RFC 3339) belongs to a full list, `sync` to a list of changes."""

    since: str | None = None
    sync: str | None = None
    page: str | None = None

    @staticmethod
    def parse(text: str) -> "Cursor":
        """Read a cursor that was kept."""
        return Cursor(**json.loads(text))

    def __str__(self) -> str:
        """The cursor as it is kept."""
        return json.dumps({name: value for name, value in vars(self).items() if value})

    def after(self, answer: dict[str, Any]) -> "Cursor":
        """Where an answer to this cursor leads: its next page, or what will change later."""
        page = answer.get("nextPageToken")
        return replace(self, page=page) if page else Cursor(sync=answer["nextSyncToken"])

    def parameters(self) -> dict[str, str]:
        """Parameters of the list."""
        named = {"timeMin": self.since, "syncToken": self.sync, "pageToken": self.page}
        return {name: value for name, value in named.items() if value}
