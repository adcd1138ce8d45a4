"""Calendar accounts of Google: a new connection, or the same account connected again.

A grant of an account that is known takes the place of the old one; links survive.
"""

from typing import Final
from urllib.parse import urlencode

import httpx

from settings_api.connection import CALENDAR_SERVICE, Connection
from settings_api.connections import AlreadyConnectedError, Connections
from settings_api.credentials import Credentials
from settings_api.neighbours import Neighbours
from settings_api.oauth.grants import Grant, exchange, whose
from settings_api.oauth.states import OAuthStates, RoundTrip
from settings_api.problem import ProblemError
from settings_api.settings import Settings
from settings_api.user import User
from settings_api.users import Users
from tandem.contracts.connections import ConnectionSettings, Provider
from tandem.contracts.message import SyncUser
from tandem.runtime.app import Runtime
from tandem.runtime.credential_store import Credential, CredentialKind

CALENDAR_SCOPE: Final = "https://www.googleapis.com/auth/calendar"
_SCOPES: Final = f"openid email {CALENDAR_SCOPE}"
_GMAIL: Final = frozenset({"gmail.com", "googlemail.com"})


class GoogleAccounts:
    """Connects accounts."""

    def __init__(
        self,
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
        self._runtime = runtime
        self._settings = settings
        self._http = http
        self._states = states
        self._users = users
        self._credentials = credentials
        self._connections = connections
        self._neighbours = neighbours

    async def authorize_url(self, user: SyncUser, email: str, *, browser: str) -> str:
        """Where the user allows us to use his calendar, even while he is away."""
        departure = await self._states.depart(
            Provider.GOOGLE.value, browser=browser, user=user, email=email
        )
        query = {
            "client_id": self._settings.google_client_id,
            "redirect_uri": self._settings.callback_url(Provider.GOOGLE),
            "response_type": "code",
            "scope": _SCOPES,
            "access_type": "offline",
            "prompt": "consent",
            "login_hint": email,
            "state": departure.state,
            "code_challenge": departure.challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._settings.google_authorize_url}?{urlencode(query)}"

    async def connect(self, trip: RoundTrip, code: str) -> Connection:
        """Take over the account behind a code; ProblemError where that does not work."""
        owner = await self._users.get(trip.user) if trip.user else None
        if owner is None:
            raise ProblemError(401, "sign in at /oauth/pipedrive/start, then connect the calendar")
        grant = await exchange(
            self._http,
            self._settings.google_token_url,
            {
                "code": code,
                "redirect_uri": self._settings.callback_url(Provider.GOOGLE),
                "client_id": self._settings.google_client_id,
                "client_secret": self._settings.google_client_secret.get_secret_value(),
                "code_verifier": trip.verifier,
            },
        )
        _check_lasting(grant)
        email = await self._account_of(grant, asked=trip.email)
        for known in await self._connections.of_user(owner.key):
            if (known.provider, known.email) == (Provider.GOOGLE, email):
                return await self._connect_again(known, grant)
        return await self._connect_new(owner, email, grant)

    async def _account_of(self, grant: Grant, *, asked: str) -> str:
        """The address of the account, which must be the one that was asked for."""
        told = await whose(self._http, self._settings.google_userinfo_url, grant)
        email = str(told.get("email") or "").lower()
        if not email:
            raise ProblemError(400, "Google does not say which account it is; start again")
        if _mailbox(email) != _mailbox(asked):
            raise ProblemError(
                400,
                f"account: you chose another Google account than {asked}; start the connection "
                "again and choose that one",
            )
        return email

    async def _connect_again(self, known: Connection, grant: Grant) -> Connection:
        now = self._runtime.clock.now()
        await self._credentials.store.put(
            grant.as_credential(
                known.calendar_credential_id, CredentialKind.GOOGLE, known.email, now=now
            )
        )
        return await self._connections.change(
            known.connection_id, lambda one: one.reconnected(CALENDAR_SERVICE, now)
        )

    async def _connect_new(self, owner: User, email: str, grant: Grant) -> Connection:
        """Nothing stays behind where the account cannot be connected."""
        credential = grant.as_credential(
            self._runtime.new_id(), CredentialKind.GOOGLE, email, now=self._runtime.clock.now()
        )
        await self._credentials.store.put(credential)
        try:
            connection = Connection(
                connection_id=self._runtime.new_id(),
                user=owner.key,
                provider=Provider.GOOGLE,
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
        calendars = await self._neighbours.calendars(credential.credential_id, Provider.GOOGLE)
        writable = [one for one in calendars if one.writable]
        if not writable:
            raise ProblemError(422, "account: it has no calendar that can be written to")
        return next((one.id for one in writable if one.primary), writable[0].id)


def _check_lasting(grant: Grant) -> None:
    """ProblemError 400 for a grant that lets us do too little."""
    if grant.scopes and CALENDAR_SCOPE not in grant.scopes:
        raise ProblemError(
            400, "calendar: the permission for it was not given; start again and tick its box"
        )
    if not grant.refresh_token.get_secret_value():
        raise ProblemError(
            400, "Google gave no lasting permission; remove Tandem's access there, start again"
        )


def _mailbox(email: str) -> str:
    """What tells mailboxes apart: Gmail knows one by many spellings."""
    name, _, domain = email.lower().rpartition("@")
    if domain not in _GMAIL:
        return f"{name}@{domain}"
    return name.partition("+")[0].replace(".", "") + "@gmail.com"
