"""The projection of connections, who of a company is read and told, and what was reported."""

import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from crm_ingest.crm import Account
from crm_ingest.repository.queries import (
    QUERIES,
    READABLE,
    UNSTARTED,
    Database,
    account_of,
    user_of,
)
from tandem.contracts.connections import (
    ConnectionChanged,
    ConnectionRemoved,
    ConnectionStatus,
    HealthSignal,
)
from tandem.contracts.message import SyncUser
from tandem.runtime.postgres import Connection, as_uuid

QUIET_S: Final = 60.0
"""The same signal is reported no more often than this."""


@dataclass(frozen=True)
class People:
    """Users of companies who have a connection: who can be asked, and who is told."""

    accounts: dict[SyncUser, Account] = field(default_factory=dict)
    told: frozenset[SyncUser] = frozenset()

    def of_company(self, company_id: int) -> list[Account]:
        """Accounts through which a company can be read."""
        return [one for user, one in self.accounts.items() if user.company_id == company_id]


class Connections:
    """The tables `connections` and `sync_users`."""

    def __init__(self, database: Database, *, sweep_interval_s: float) -> None:
        self._database = database
        self._sweep_interval_s = sweep_interval_s

    async def change(self, message: ConnectionChanged, trace: str | None = None) -> None:
        """Take over a newer state of a connection; a new one is read before its start."""
        user = message.user
        async with self._database.pool.acquire() as db, db.transaction():
            before = await QUERIES.connection_for_update(db, connection_id=message.connection_id)
            if before is not None and before["revision"] >= message.revision:
                return
            await QUERIES.put_connection(
                db,
                connection_id=message.connection_id,
                revision=message.revision,
                company_id=user.company_id,
                user_id=user.user_id,
                credential_id=message.crm_credential_id,
                api_url=message.crm_api_url,
                owner_email=message.owner_email,
                include_contact=message.settings.include_deal_contact_info,
                status=message.status,
                readable=READABLE,
            )
            was_read = before is not None and before["status"] in READABLE
            is_read = message.status in READABLE
            # Its backfill may be over already: what was read before its start is not called synced.
            starts = (
                before is not None
                and before["status"] in UNSTARTED
                and message.status not in UNSTARTED
            )
            wants_contacts = message.settings.include_deal_contact_info and not (
                before is not None and before["include_contact"]
            )
            await QUERIES.add_sync_user(
                db,
                company_id=user.company_id,
                user_id=user.user_id,
                first_s=self._sweep_interval_s * random.random(),  # noqa: S311 - no secret
                at_once=before is not None
                and is_read
                and (not was_read or wants_contacts or starts),
            )
            if before is None and message.status is ConnectionStatus.SETTING_UP:
                # So that a preview can be shown; the start has everything read once more.
                await QUERIES.request_reads(
                    db, company_ids=[user.company_id], user_ids=[user.user_id], traces=[trace]
                )
            if wants_contacts:
                await QUERIES.refresh_contacts(db, company_id=user.company_id, user_id=user.user_id)
            if was_read != is_read:
                await QUERIES.need_webhook(db, company_id=user.company_id)

    async def remove(self, message: ConnectionRemoved) -> None:
        """Stop reading for a connection; commands are still carried out until the purge."""
        company_id = message.user.company_id
        async with self._database.pool.acquire() as db, db.transaction():
            await QUERIES.remove_connection(
                db, connection_id=message.connection_id, revision=message.revision
            )
            await QUERIES.drop_abandoned_reads(db, company_id=company_id)
            await QUERIES.need_webhook(db, company_id=company_id)

    async def people(self, company_ids: Iterable[int]) -> People:
        """Who of these companies is read and told."""
        rows = [
            row
            async for row in QUERIES.people_of(
                self._database.pool,
                company_ids=sorted(set(company_ids)),
                readable=READABLE,
            )
        ]
        readable = [row["readable_id"] for row in rows if row["readable_id"] is not None]
        accounts = await self._accounts(readable)
        return People(
            accounts={
                user: replace(accounts[user], include_contact=row["include_contact"])
                for row in rows
                if (user := user_of(row)) in accounts
            },
            told=frozenset(user_of(row) for row in rows),
        )

    async def _accounts(self, connection_ids: Sequence[UUID]) -> dict[SyncUser, Account]:
        if not connection_ids:
            return {}
        found = [
            account_of(row)
            async for row in QUERIES.connections_by_id(
                self._database.pool, connection_ids=connection_ids
            )
        ]
        return {account.user: account for account in found}

    async def note_health(
        self, db: Connection, users: Collection[SyncUser], signal: HealthSignal
    ) -> list[tuple[UUID, HealthSignal | None]]:
        """Connections of which `signal` is worth a report now, and what was reported before."""
        rows = [
            row
            async for row in QUERIES.note_health(
                db,
                company_ids=[user.company_id for user in users],
                user_ids=[user.user_id for user in users],
                signal=signal,
                quiet_s=QUIET_S,
                unstarted=UNSTARTED,
            )
        ]
        return [
            (as_uuid(row["connection_id"]), HealthSignal(row["before"]) if row["before"] else None)
            for row in rows
        ]

    async def note_push(self, db: Connection, company_id: int, *, up: bool) -> list[UUID]:
        """Connections of a company for which it is news that webhooks come, or do not."""
        return [
            as_uuid(row["connection_id"])
            async for row in QUERIES.note_push(
                db,
                company_id=company_id,
                up=up,
                readable=READABLE,
                interval_s=self._sweep_interval_s,
            )
        ]

    async def lost_grants(self, most: int) -> list[Account]:
        """Accounts whose grant was reported as lost."""
        return [
            account_of(row) async for row in QUERIES.lost_grants(self._database.pool, most=most)
        ]

    async def report_again(self) -> None:
        """Have everything reported anew: what was told is lost."""
        await QUERIES.report_again(self._database.pool)

    async def removed(self) -> list[tuple[UUID, UUID, bool]]:
        """Removed connections: id, credential, and whether that was more than a day ago."""
        return [
            (as_uuid(row["connection_id"]), as_uuid(row["credential_id"]), row["long_ago"])
            async for row in QUERIES.removed_connections(self._database.pool)
        ]

    async def purge(self, connection_ids: Sequence[UUID]) -> None:
        """Forget connections with all that belongs to them."""
        await QUERIES.purge_connections(self._database.pool, connection_ids=connection_ids)

    async def tidy(self) -> None:
        """Forget what belongs to nobody any more."""
        await QUERIES.purge_users(self._database.pool)
        await QUERIES.purge_companies(self._database.pool)
        await QUERIES.drop_abandoned_reads(self._database.pool, company_id=None)
