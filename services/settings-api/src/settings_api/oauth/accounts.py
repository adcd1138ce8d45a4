"""Calendar accounts with a consent page: a new connection, or the same account connected again.

A grant of an account that is known takes the place of the old one; links survive.
"""

from urllib.parse import urlencode

import httpx

from settings_api.connection import CALENDAR_SERVICE, Connection
from settings_api.connections import AlreadyConnectedError, Connections
from settings_api.neighbours import Neighbours
from settings_api.oauth.grants import Grant, exchange, whose
from settings_api.oauth.states import OAuthStates, RoundTrip
from settings_api.oauth.vendor import Vendor
from settings_api.problem import ProblemError
from settings_api.settings import Settings
from settings_api.user import User
from settings_api.users import Users
from tandem.contracts.connections import ConnectionSettings
from tandem.contracts.message import SyncUser
from tandem.runtime.app import Runtime
from tandem.runtime.credential_store import Credential, Credentials


class OAuthAccounts:
    """Connects accounts of one vendor."""

    def __init__(
        self,
        vendor: Vendor,
        runtime: Runtime,
        settings: Settings,
        http: httpx.AsyncClient,
        *,
        states: OAuthStates,
        users: Users,
        credentials: Credentials,
        connections: Connections,
        neighbours: Neighbours,
    ) -> None:
        self._vendor = vendor
        self._runtime = runtime
        self._callback_url = settings.callback_url(vendor.provider)
        self._http = http
        self._states = states
        self._users = users
        self._credentials = credentials
        self._connections = connections
        self._neighbours = neighbours

    async def authorize_url(self, user: SyncUser, email: str, *, browser: str) -> str:
        """Where the user allows us to use his calendar, even while he is away."""
        departure = await self._states.depart(
            self._vendor.provider.value, browser=browser, user=user, email=email
        )
        query = {
            "client_id": self._vendor.client_id,
            "redirect_uri": self._callback_url,
            "response_type": "code",
            **self._vendor.consent,
            "login_hint": email,
            "state": departure.state,
            "code_challenge": departure.challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._vendor.authorize_url}?{urlencode(query)}"

    async def connect(self, trip: RoundTrip, code: str) -> Connection:
        """Take over the account behind a code; ProblemError where that does not work."""
        owner = await self._users.get(trip.user) if trip.user else None
        if owner is None:
            raise ProblemError(401, "sign in at /oauth/pipedrive/start, then connect the calendar")
        grant = await exchange(
            self._http,
            self._vendor.token_url,
            {
                "code": code,
                "redirect_uri": self._callback_url,
                "client_id": self._vendor.client_id,
                "client_secret": self._vendor.client_secret.get_secret_value(),
                "code_verifier": trip.verifier,
            },
        )
        if lack := self._vendor.lack_of(grant):
            raise ProblemError(400, lack)
        email = await self._account_of(grant, asked=trip.email)
        for known in await self._connections.of_user(owner.key):
            if (known.provider, known.email) == (self._vendor.provider, email):
                return await self._connect_again(known, grant)
        return await self._connect_new(owner, email, grant)

    async def _account_of(self, grant: Grant, *, asked: str) -> str:
        """The address of the account, which must be the one that was asked for."""
        name, mailbox_of = self._vendor.name, self._vendor.mailbox_of
        told = await whose(self._http, self._vendor.account_url, grant)
        addresses = self._vendor.addresses_of(told)
        if not addresses:
            raise ProblemError(400, f"{name} does not say which account it is; start again")
        if mailbox_of(asked.lower()) not in {mailbox_of(one) for one in addresses}:
            raise ProblemError(
                400,
                f"account: you chose another {name} account than {asked}; start the connection "
                "again and choose that one",
            )
        return addresses[0]

    async def _connect_again(self, known: Connection, grant: Grant) -> Connection:
        now = self._runtime.clock.now()
        await self._credentials.store.put(
            grant.as_credential(
                known.calendar_credential_id, self._vendor.credential, known.email, now=now
            )
        )
        return await self._connections.change(
            known.connection_id, lambda one: one.reconnected(CALENDAR_SERVICE, now)
        )

    async def _connect_new(self, owner: User, email: str, grant: Grant) -> Connection:
        """Nothing stays behind where the account cannot be connected."""
        credential = grant.as_credential(
            self._runtime.new_id(), self._vendor.credential, email, now=self._runtime.clock.now()
        )
        await self._credentials.store.put(credential)
        try:
            connection = Connection(
                connection_id=self._runtime.new_id(),
                user=owner.key,
                provider=self._vendor.provider,
                email=email,
                owner_email=owner.email,
                owner_time_zone=owner.time_zone,
                crm_credential_id=owner.crm_credential_id,
                crm_api_url=owner.crm_api_url,
                calendar_credential_id=credential.credential_id,
                settings=ConnectionSettings(calendar_id=await self._primary_of(credential)),
            )
            await self._connections.add(connection)
        except BaseException as error:
            await self._credentials.store.delete(credential.credential_id)
            if isinstance(error, AlreadyConnectedError):
                raise ProblemError(409, "account: it was connected a moment ago") from error
            raise
        return connection

    async def _primary_of(self, credential: Credential) -> str:
        calendars = await self._neighbours.calendars(
            credential.credential_id, self._vendor.provider
        )
        writable = [one for one in calendars if one.writable]
        if not writable:
            raise ProblemError(422, "account: it has no calendar that can be written to")
        return next((one.id for one in writable if one.primary), writable[0].id)
