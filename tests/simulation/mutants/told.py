"""The table of faults in the documents: which seed finds each."""

import re
from pathlib import Path
from typing import Final, NamedTuple

SEEDS_MAX: Final = 500
"""How many seeds are played, from 0 on, until a fault counts as not found."""
_RULES: Final = Path(__file__).parents[3] / "docs" / "rules.md"
_ROW: Final = re.compile(r"^\| `([a-z-]+)` \| ([^|]+) \| (\d+) \|$", re.MULTILINE)


class ToldFault(NamedTuple):
    """A row of the table."""

    name: str
    harm: str
    seed: int


def told_faults() -> list[ToldFault]:
    """The rows of the table, in its order."""
    rows = _ROW.findall(_RULES.read_text())
    return [ToldFault(name, harm, int(seed)) for name, harm, seed in rows]
