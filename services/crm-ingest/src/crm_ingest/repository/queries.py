"""The named queries, where they run, and the statuses of a connection that they go by."""

from typing import Any, Final, Protocol

from crm_ingest.crm import Account
from tandem.contracts.connections import ConnectionStatus
from tandem.contracts.message import SyncUser
from tandem.runtime.postgres import Pool, as_uuid, named_queries

READABLE: Final = [
    ConnectionStatus.SETTING_UP,
    ConnectionStatus.ACTIVE,
    ConnectionStatus.NEEDS_CONFIRMATION,
    ConnectionStatus.PAUSED,
]
"""Statuses in which activities are read and watched."""
HOLDING: Final = [ConnectionStatus.SETTING_UP, ConnectionStatus.PAUSED]
"""Statuses in which commands wait."""
UNSTARTED: Final = [ConnectionStatus.SETTING_UP]
"""Statuses in which nothing counts as synced yet."""
LEASE_S: Final = 30.0
"""How long a crashed process keeps others from its work."""

QUERIES: Final = named_queries("crm_ingest.repository")


class Database(Protocol):
    """Where the queries run."""

    @property
    def pool(self) -> Pool:
        """The open pool."""
        ...


def user_of(row: Any) -> SyncUser:
    """The sync user of a row."""
    return SyncUser(company_id=row["company_id"], user_id=row["user_id"])


def account_of(row: Any, *, background: bool = False) -> Account:
    """The account of a row of connections."""
    return Account(
        user=user_of(row),
        credential_id=as_uuid(row["credential_id"]),
        api_url=row["api_url"],
        owner_email=row["owner_email"],
        include_contact=row["include_contact"],
        background=background,
    )
