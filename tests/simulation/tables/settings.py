"""The queries of settings-api; see its `queries.sql`."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from tests.simulation.tables.table import Row, Table, Tables

_OF_THE_OWNER = ("time_zone", "crm_credential_id", "crm_api_url")
_OF_A_NEW_ONE = {
    "started": False,
    "revision": 1,
    "reports": {},
    "removed_at": None,
    "remove_events": False,
    "released": False,
    "revoke_tries": 0,
    "revoke_after": None,
}


class SettingsTables(Tables):
    """Schema `settings`, but for what belongs to browsers: sessions, tokens, rates, repeats."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.companies = Table("company_id")
        self.users = Table("company_id", "user_id")
        self.connections = Table("connection_id")

    # Companies and users

    def put_company(self, **values: Any) -> None:
        self.companies.put(values)

    def put_user(self, *, now: datetime, **values: Any) -> UUID:
        known = self.users.get(values["company_id"], values["user_id"])
        kept = {} if known is None else {"crm_credential_id": known["crm_credential_id"]}
        user = values | kept | {"signed_in_at": now}
        self.users.put(user)
        return UUID(str(user["crm_credential_id"]))

    def user_by_id(self, company_id: int, user_id: int) -> list[Row]:
        user, company = self.users.get(company_id, user_id), self.companies.get(company_id)
        if user is None or company is None:
            return []
        return [user | {"company_name": company["name"], "company_domain": company["domain"]}]

    # Connections

    def add_connection(self, *, now: datetime, **values: Any) -> None:
        account = ("company_id", "user_id", "provider", "email")
        if any(
            row["removed_at"] is None and all(row[name] == values[name] for name in account)
            for row in self.connections
        ):
            raise asyncpg.UniqueViolationError("connections_account")
        self.connections.put(_OF_A_NEW_ONE | values | {"created_at": now})

    def connections_of(self, company_id: int, user_id: int) -> list[Row]:
        rows = self.connections.where(
            lambda row: (
                (row["company_id"], row["user_id"]) == (company_id, user_id)
                and row["removed_at"] is None
            )
        )
        rows.sort(key=lambda row: (row["created_at"], row["connection_id"]))
        return [self._with_owner(row) for row in rows]

    def lock_connections_of(self, company_id: int, user_id: int) -> list[Row]:
        return self.connections_of(company_id, user_id)

    def lock_page(self, after: UUID, limit: int) -> list[Row]:
        rows = self.connections.where(
            lambda row: row["connection_id"] > after and not row["released"]
        )
        rows.sort(key=lambda row: row["connection_id"])
        return [self._with_owner(row) for row in rows[:limit]]

    def connection_by_id(self, connection_id: UUID) -> list[Row]:
        row = self.connections.get(connection_id)
        return [] if row is None else [self._with_owner(row)]

    def lock_connection(self, connection_id: UUID) -> list[Row]:
        return self.connection_by_id(connection_id)

    def store_connection(
        self, *, connection_id: UUID, settings: Any, reports: Any, **values: Any
    ) -> None:
        if row := self.connections.get(connection_id):
            texts = {"settings": _as_kept(settings), "reports": _as_kept(reports)}
            self.connections.change(row, **values, **texts)

    def _with_owner(self, row: Row) -> Row:
        owner = self.users.get(row["company_id"], row["user_id"])
        if owner is None:
            raise LookupError("a connection without its user")
        told = {name: owner[name] for name in _OF_THE_OWNER}
        return row | told | {"owner_email": owner["email"]}

    # What nothing needs any more

    def take_releasable(self, now: datetime, removed_before: datetime) -> list[Row]:
        rows = self.connections.where(
            lambda row: (
                row["removed_at"] is not None
                and (row["released"] or row["removed_at"] < removed_before)
                and (row["revoke_after"] is None or row["revoke_after"] < now)
            )
        )
        return sorted(rows, key=lambda row: row["removed_at"])[:1]

    def account_in_use(self, provider: str, email: str, connection_id: UUID) -> bool:
        return any(
            (row["provider"], row["email"]) == (provider, email)
            and row["connection_id"] != connection_id
            and not (row["removed_at"] is not None and row["released"])
            for row in self.connections
        )

    def revoke_later(self, after: datetime, connection_id: UUID) -> None:
        if row := self.connections.get(connection_id):
            self.connections.change(row, revoke_tries=row["revoke_tries"] + 1, revoke_after=after)

    def delete_connection(self, connection_id: UUID) -> None:
        self.connections.drop_where(lambda row: row["connection_id"] == connection_id)

    def forget_expired(
        self,
        now: datetime,
        repeats_before: datetime,
        born_after: datetime,
        seen_after: datetime,
    ) -> None:
        """Nobody signs in with a browser."""


def _as_kept(value: Any) -> Any:
    """What comes back of a column of JSON."""
    return json.loads(json.dumps(value))
