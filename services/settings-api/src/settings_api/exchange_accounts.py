"""Connects Exchange accounts: their password is sealed, then tried at their server.

The password goes nowhere but into the credential store. Nothing stays behind where the account
cannot be connected.
"""

from typing import Final
from uuid import UUID

from pydantic import SecretStr

from settings_api.connection import CALENDAR_SERVICE, Connection
from settings_api.connections import AlreadyConnectedError, Connections
from settings_api.neighbours import Neighbours
from settings_api.problem import ProblemError, field_problem
from settings_api.user import User
from tandem.contracts.connections import ConnectionSettings, Provider
from tandem.runtime.app import Runtime
from tandem.runtime.credential_store import Credential, CredentialKind, Credentials

_PASSWORD_LENGTH_MAX: Final = 1024


class ExchangeAccounts:
    """Connects accounts with a password."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        credentials: Credentials,
        connections: Connections,
        neighbours: Neighbours,
    ) -> None:
        self._runtime = runtime
        self._credentials = credentials
        self._connections = connections
        self._neighbours = neighbours

    async def connect(
        self, owner: User, email: str, *, password: SecretStr, server: str
    ) -> Connection:
        """Connect an account, or mend its connection; ProblemError where that does not work."""
        if not 0 < len(password.get_secret_value()) <= _PASSWORD_LENGTH_MAX:
            raise field_problem("password", "must not be empty, nor longer than 1024 characters")
        credential = Credential(
            credential_id=self._runtime.new_id(),
            kind=CredentialKind.EXCHANGE,
            account=email,
            password=password,
            api_url=server,
        )
        await self._credentials.store.put(credential)
        try:
            address = await self._neighbours.exchange_server(credential.credential_id)
            credential = credential.model_copy(update={"api_url": address})
            for known in await self._connections.of_user(owner.key):
                if (known.provider, known.email) == (Provider.EXCHANGE, email):
                    return await self._connect_again(known, credential)
            await self._credentials.store.put(credential)
            return await self._connect_new(owner, credential)
        except BaseException as error:
            await self._credentials.store.delete(credential.credential_id)
            if isinstance(error, AlreadyConnectedError):
                raise ProblemError(409, "account: it was connected a moment ago") from error
            raise

    async def _connect_again(self, known: Connection, tried: Credential) -> Connection:
        """The connection with the new password; the credential keeps its id."""
        await self._credentials.store.put(
            tried.model_copy(update={"credential_id": known.calendar_credential_id})
        )
        await self._credentials.store.delete(tried.credential_id)
        now = self._runtime.clock.now()
        return await self._connections.change(
            known.connection_id, lambda one: one.reconnected(CALENDAR_SERVICE, now)
        )

    async def _connect_new(self, owner: User, credential: Credential) -> Connection:
        connection = Connection(
            connection_id=self._runtime.new_id(),
            user=owner.key,
            provider=Provider.EXCHANGE,
            email=credential.account,
            owner_email=owner.email,
            owner_time_zone=owner.time_zone,
            crm_credential_id=owner.crm_credential_id,
            crm_api_url=owner.crm_api_url,
            calendar_credential_id=credential.credential_id,
            settings=ConnectionSettings(
                calendar_id=await self._calendar_of(credential.credential_id)
            ),
        )
        await self._connections.add(connection)
        return connection

    async def _calendar_of(self, credential_id: UUID) -> str:
        calendars = await self._neighbours.calendars(credential_id, Provider.EXCHANGE)
        writable = [one for one in calendars if one.writable]
        if not writable:
            raise ProblemError(422, "account: it has no calendar that can be written to")
        return next((one.id for one in writable if one.primary), writable[0].id)
