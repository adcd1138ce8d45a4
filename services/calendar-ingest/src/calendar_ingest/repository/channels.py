"""Push channels: which calendars need one, and which channels nobody needs any more.

A channel is kept before the provider is asked for it, so that none is ever unknown to us, and of
its secret only a hash.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from calendar_ingest.calendars import Account, Calendar, Channel
from calendar_ingest.repository.queries import LEASE_S, QUERIES, READABLE, Database
from tandem.contracts.connections import Provider
from tandem.runtime.postgres import Connection, as_uuid

TRUSTED_S: Final = 600.0
"""A channel younger than this is not doubted."""


@dataclass(frozen=True)
class WatchClaim:
    """A calendar that is to get a push channel."""

    connection_id: UUID
    provider: Provider
    calendar: Calendar
    push_up: bool | None
    live: tuple[UUID, str] | None = None
    """Channel id and resource of the channel that still lives, if any."""


@dataclass(frozen=True)
class ClosingChannel:
    """A channel to be closed; `account` None: nobody is left who could."""

    channel_id: UUID
    resource_id: str
    provider: Provider | None
    account: Account | None


class Channels:
    """The table `channels`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def connection_of(self, channel_id: UUID) -> tuple[UUID, bytes] | None:
        """Connection and hashed secret of a channel that we have asked for."""
        row = await QUERIES.channel_by_id(self._database.pool, channel_id=channel_id)
        return None if row is None else (as_uuid(row["connection_id"]), row["secret_hash"])

    async def claim_watching(self, most: int) -> list[WatchClaim]:
        """Claim calendars that need a channel, or a new one before the old one ends."""
        rows = [
            row
            async for row in QUERIES.claim_watching(
                self._database.pool, most=most, lease_s=LEASE_S, readable=READABLE
            )
        ]
        return [
            WatchClaim(
                as_uuid(row["connection_id"]),
                Provider(row["provider"]),
                Calendar(
                    Account(as_uuid(row["credential_id"]), background=True), row["calendar_id"]
                ),
                row["push_up"],
                live=(as_uuid(row["live_channel_id"]), row["live_resource_id"])
                if row["live_channel_id"]
                else None,
            )
            for row in rows
        ]

    async def add(self, claim: WatchClaim, channel_id: UUID, secret_hash: bytes) -> None:
        """Keep a channel that the provider is about to be asked for."""
        await QUERIES.add_channel(
            self._database.pool,
            channel_id=channel_id,
            connection_id=claim.connection_id,
            calendar_id=claim.calendar.calendar_id,
            secret_hash=secret_hash,
        )

    async def opened(
        self, db: Connection, channel_id: UUID, channel: Channel, renew_at: datetime
    ) -> None:
        """A channel is live; the connection's others are to be closed."""
        await QUERIES.open_channel(
            db,
            channel_id=channel_id,
            resource_id=channel.resource_id,
            expires_at=channel.expires_at,
            renew_at=renew_at,
        )

    async def drop(self, channel_id: UUID) -> None:
        """Forget a channel."""
        await QUERIES.drop_channel(self._database.pool, channel_id=channel_id)

    async def postpone(self, db: Connection, claim: WatchClaim, wait_s: float) -> bool:
        """Try to open a channel again in `wait_s`; whether another one is still live."""
        row = await QUERIES.postpone_watching(db, connection_id=claim.connection_id, wait_s=wait_s)
        return row is not None and bool(row["push_up"])

    async def doubt(self, connection_id: UUID) -> None:
        """Have the channel of a connection replaced: it did not tell what it should have."""
        await QUERIES.doubt_channels(
            self._database.pool, connection_id=connection_id, younger_s=TRUSTED_S
        )

    async def renew_now(self, connection_id: UUID) -> None:
        """Have the channel of a connection renewed: the provider says that it needs that."""
        await QUERIES.renew_channels_now(self._database.pool, connection_id=connection_id)

    async def claim_closing(self, most: int) -> list[ClosingChannel]:
        """Claim channels that nobody needs any more."""
        rows = [
            row
            async for row in QUERIES.claim_closing(
                self._database.pool, most=most, lease_s=LEASE_S, readable=READABLE
            )
        ]
        return [
            ClosingChannel(
                as_uuid(row["channel_id"]),
                row["resource_id"],
                Provider(row["provider"]) if row["provider"] else None,
                Account(as_uuid(row["credential_id"]), background=True)
                if row["credential_id"]
                else None,
            )
            for row in rows
        ]
