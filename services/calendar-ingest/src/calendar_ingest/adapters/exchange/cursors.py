"""Where reading a calendar has come to: Exchange's sync state, and whether it is a full list."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Cursor:
    """`full` holds from the first page of a list of everything to its last."""

    state: str | None = None
    full: bool = True

    @staticmethod
    def parse(text: str | None) -> "Cursor":
        """Read a cursor that was kept; without one, a list of everything begins."""
        return Cursor(**json.loads(text)) if text else Cursor()

    def __str__(self) -> str:
        """The cursor as it is kept."""
        return json.dumps(asdict(self))
