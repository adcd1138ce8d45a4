"""The named queries, where they run, and the statuses of a connection that they go by."""

from typing import Final, Protocol

from tandem.contracts.connections import ConnectionStatus
from tandem.runtime.postgres import Pool, named_queries

READABLE: Final = [
    ConnectionStatus.SETTING_UP,
    ConnectionStatus.ACTIVE,
    ConnectionStatus.NEEDS_CONFIRMATION,
    ConnectionStatus.PAUSED,
]
"""Statuses in which a calendar is read and watched."""
HOLDING: Final = [ConnectionStatus.SETTING_UP, ConnectionStatus.PAUSED]
"""Statuses in which commands wait."""
LEASE_S: Final = 30.0
"""How long a crashed process keeps others from its work."""

QUERIES: Final = named_queries("calendar_ingest")


class Database(Protocol):
    """Where the queries run."""

    @property
    def pool(self) -> Pool:
        """The open pool."""
        ...
