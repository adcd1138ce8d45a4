"""Names that we give to Graph's events: a mark that is read back, and a transaction for creates."""

from typing import Final
from uuid import UUID

LINK_PROPERTY: Final = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name TandemLink"
"""Single-value extended property that holds the link id."""
_PREFIX: Final = "tandem:"


def transaction_id(link_id: UUID, generation: int) -> str:
    """Names the create of a link's generation, so that Graph carries it out once."""
    return f"{_PREFIX}{link_id}:{generation}"


def link_of(transaction: str) -> str | None:
    """The link that a transaction of ours made; None for one of somebody else's."""
    if not transaction.startswith(_PREFIX):
        return None
    return transaction.removeprefix(_PREFIX).rpartition(":")[0] or None
