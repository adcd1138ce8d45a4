"""Takes over the grants of accounts: sign-in with Pipedrive, and calendar accounts.

A grant of an account that is known already takes the place of the old one; links survive.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx

from settings_api.api.problems import ProblemError
from settings_api.connection import CALENDAR_SERVICE, CRM_SERVICE, Connection
from settings_api.connections import Connections, Request
from settings_api.neighbours import Calendar, Neighbours
from settings_api.oauth.exchange import Grant, json_of
from settings_api.repository import QUERIES
from settings_api.settings import Settings
from settings_api.user import User
from tandem.contracts.connections import ConnectionSettings, Provider
from tandem.contracts.message import SyncUser
from tandem.contracts.requests import ResyncRequested
from tandem.runtime.app import Runtime
from tandem.runtime.credential_store import Credential, CredentialKind, CredentialStore


class Accounts:
    """Knows who an access token belongs to, and keeps what it was granted for."""

    def __init__(
        self,
        runtime: Runtime,
        settings: Settings,
        http: httpx.AsyncClient,
        *,
        connections: Connections,
        neighbours: Neighbours,
    ) -> None:
        self._runtime = runtime
        self._settings = settings
        self._http = http
        self._connections = connections
        self._neighbours = neighbours
        self._store: CredentialStore | None = None

    def use(self, store: CredentialStore) -> None:
        """Keep credentials in `store`, which opens when the service starts."""
        self._store = store

    @property
    def store(self) -> CredentialStore:
        """The credential store; only there while the service runs."""
        if self._store is None:
            raise RuntimeError("the service has not been started")
        return self._store

    async def sign_in(self, grant: Grant) -> SyncUser:
        """Take over the user behind a Pipedrive grant, and mend his connections with it."""
        self._check_api_url(grant.api_url)
        answer = await json_of(
            self._http,
            "GET",
            grant.api_url.rstrip("/") + "/api/v1/users/me",
            headers=_bearer(grant),
        )
        me: dict[str, Any] = answer.get("data") or {}
        if not isinstance(me.get("id"), int) or not isinstance(me.get("company_id"), int):
            raise ProblemError(400, "Pipedrive does not say who you are; sign in again")
        key = SyncUser(company_id=me["company_id"], user_id=me["id"])
        known = await QUERIES.user_by_id(self._runtime.pool, **key.model_dump())
        credential_id = User.of(known).crm_credential_id if known else self._runtime.new_id()
        await self.store.put(
            self._credential(
                credential_id, CredentialKind.PIPEDRIVE, f"{key.company_id}:{key.user_id}", grant
            )
        )
        await QUERIES.put_user(
            self._runtime.pool,
            **key.model_dump(),
            company_name=str(me.get("company_name") or ""),
            email=str(me.get("email") or "").lower(),
            name=str(me.get("name") or ""),
            time_zone=str(me.get("timezone_name") or "UTC"),
            locale=str(me.get("locale") or "en_US"),
            is_admin=_is_admin(me),
            crm_credential_id=credential_id,
            crm_api_url=grant.api_url,
        )
        for connection in await self._connections.of_user(key):
            await self._mend(connection, CRM_SERVICE)
        return key

    async def connect_google(self, user: SyncUser, *, asked: str, grant: Grant) -> Connection:
        """Take over a Google grant: a new connection, or the same account connected again."""
        told = await json_of(
            self._http, "GET", self._settings.google_userinfo_url, headers=_bearer(grant)
        )
        email = str(told.get("email") or "").lower()
        if email != asked.lower():
            raise ProblemError(
                400,
                f"account: you chose another Google account than {asked}; start the connection "
                "again and choose that one",
            )
        if not grant.refresh_token.get_secret_value():
            raise ProblemError(
                400, "Google gave no lasting permission; remove Tandem's access there, start again"
            )
        for known in await self._connections.of_user(user):
            if (known.provider, known.email) == (Provider.GOOGLE, email):
                await self.store.put(
                    self._credential(
                        known.calendar_credential_id, CredentialKind.GOOGLE, email, grant
                    )
                )
                return await self._mend(known, CALENDAR_SERVICE)
        return await self._connect_new(user, email, grant)

    async def _connect_new(self, user: SyncUser, email: str, grant: Grant) -> Connection:
        """Nothing stays behind where the account's calendars cannot be read."""
        row = await QUERIES.user_by_id(self._runtime.pool, **user.model_dump())
        if row is None:
            raise ProblemError(401, "sign in again")
        owner = User.of(row)
        credential = self._credential(self._runtime.new_id(), CredentialKind.GOOGLE, email, grant)
        await self.store.put(credential)
        try:
            calendars = await self._neighbours.calendars(credential.credential_id, Provider.GOOGLE)
            primary = _primary(calendars)
            connection = Connection(
                connection_id=self._runtime.new_id(),
                user=user,
                provider=Provider.GOOGLE,
                email=email,
                owner_email=owner.email,
                owner_time_zone=owner.time_zone,
                crm_credential_id=owner.crm_credential_id,
                crm_api_url=owner.crm_api_url,
                calendar_credential_id=credential.credential_id,
                settings=ConnectionSettings(calendar_id=primary.id),
            )
            await self._connections.add(connection)
        except BaseException:
            await self.store.delete(credential.credential_id)
            raise
        return connection

    async def _mend(self, connection: Connection, service: str) -> Connection:
        """The account works again: what happened meanwhile is read."""
        at = self._runtime.clock.now()

        def then(before: Connection, after: Connection) -> Request | None:
            mended = before.lost_accounts and not after.lost_accounts
            return ResyncRequested if mended and after.started else None

        return await self._connections.change(
            connection.connection_id, lambda one: one.reconnected(service, at), then=then
        )

    def _credential(
        self, credential_id: UUID, kind: CredentialKind, account: str, grant: Grant
    ) -> Credential:
        return Credential(
            credential_id=credential_id,
            kind=kind,
            account=account,
            access_token=grant.access_token,
            refresh_token=grant.refresh_token,
            api_url=grant.api_url,
            expires_at=self._runtime.clock.now() + timedelta(seconds=grant.expires_in_s),
        )

    def _check_api_url(self, api_url: str) -> None:
        """Tokens are sent to this address for good: it must be Pipedrive's own."""
        address = urlsplit(api_url)
        host = (address.hostname or "").lower()
        ours = any(
            host == domain or host.endswith("." + domain)
            for domain in self._settings.pipedrive_api_domains
        )
        if not ours or (address.scheme != "https" and not self._settings.allow_plain_http):
            raise ProblemError(400, "api_domain: Pipedrive names an address that is not its own")


def _primary(calendars: list[Calendar]) -> Calendar:
    for calendar in calendars:
        if calendar.primary and calendar.writable:
            return calendar
    raise ProblemError(422, "account: it has no calendar that can be written to")


def _bearer(grant: Grant) -> dict[str, str]:
    return {"authorization": f"Bearer {grant.access_token.get_secret_value()}"}


def _is_admin(me: dict[str, Any]) -> bool:
    access = me.get("access")
    return isinstance(access, list) and any(
        isinstance(one, dict) and one.get("admin") is True for one in access
    )
