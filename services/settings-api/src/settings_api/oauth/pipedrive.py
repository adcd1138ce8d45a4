"""Sign-in with Pipedrive: the grant that lets a user in is also the one that his sync uses."""

from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx

from settings_api.oauth.grants import Grant, exchange, whose
from settings_api.oauth.states import OAuthStates
from settings_api.problem import ProblemError
from settings_api.settings import Settings
from settings_api.user import User
from settings_api.users import Users
from tandem.contracts.message import SyncUser
from tandem.runtime.app import Runtime
from tandem.runtime.credential_store import CredentialKind, Credentials
from tandem.runtime.secrets import same_secret

PROVIDER: Final = "pipedrive"
_ADMIN_APPS: Final = frozenset({"sales", "global"})


class PipedriveSignIn:
    """Takes users in."""

    def __init__(
        self,
        runtime: Runtime,
        settings: Settings,
        http: httpx.AsyncClient,
        *,
        states: OAuthStates,
        users: Users,
        credentials: Credentials,
    ) -> None:
        self._runtime = runtime
        self._settings = settings
        self._http = http
        self._states = states
        self._users = users
        self._credentials = credentials

    async def authorize_url(self, *, browser: str) -> str:
        """Pipedrive's consent page; its scopes belong to the app and are not asked for here."""
        departure = await self._states.depart(PROVIDER, browser=browser)
        query = {
            "client_id": self._settings.pipedrive_client_id,
            "redirect_uri": self._settings.callback_url(PROVIDER),
            "state": departure.state,
        }
        return f"{self._settings.pipedrive_authorize_url}?{urlencode(query)}"

    async def sign_in(self, code: str) -> SyncUser:
        """Take in the user behind a code; ProblemError where that does not work, nothing stored."""
        grant = await exchange(
            self._http,
            self._settings.pipedrive_token_url,
            {"code": code, "redirect_uri": self._settings.callback_url(PROVIDER)},
            httpx.BasicAuth(
                self._settings.pipedrive_client_id,
                self._settings.pipedrive_client_secret.get_secret_value(),
            ),
        )
        self._check_api_url(grant.api_url)
        told = await whose(self._http, grant.api_url.rstrip("/") + "/api/v1/users/me", grant)
        user = self._user_of(told.get("data"), grant)

        async def keep(credential_id: UUID) -> None:
            await self._credentials.store.put(
                grant.as_credential(
                    credential_id,
                    CredentialKind.PIPEDRIVE,
                    user.key.key,
                    now=self._runtime.clock.now(),
                )
            )

        await self._users.take_in(user, keep)
        return user.key

    async def let_go(self, user: SyncUser) -> None:
        """Take over that a user has removed the app."""
        await self._users.let_go(user)

    def is_app(self, client_id: str, client_secret: str) -> bool:
        """Whether these are the app's own credentials; compared in constant time."""
        expected = self._settings.pipedrive_client_secret.get_secret_value()
        known = same_secret(client_id, self._settings.pipedrive_client_id)
        return same_secret(client_secret, expected) and known

    def _user_of(self, me: Any, grant: Grant) -> User:
        """The user as `GET /api/v1/users/me` tells of him."""
        told: dict[str, Any] = me if isinstance(me, dict) else {}
        ids = (told.get("company_id"), told.get("id"))
        if not all(isinstance(one, int) and one > 0 for one in ids) or not told.get("email"):
            raise ProblemError(400, "Pipedrive does not say who you are; sign in again")
        return User(
            key=SyncUser(company_id=told["company_id"], user_id=told["id"]),
            company_name=str(told.get("company_name") or ""),
            company_domain=str(told.get("company_domain") or ""),
            email=str(told["email"]).lower(),
            name=str(told.get("name") or ""),
            time_zone=_time_zone(str(told.get("timezone_name") or "")),
            locale=str(told.get("locale") or "en_US"),
            is_admin=_is_admin(told),
            crm_credential_id=self._runtime.new_id(),
            crm_api_url=grant.api_url,
        )

    def _check_api_url(self, api_url: str) -> None:
        """Tokens are sent to this address for good: it must be one of Pipedrive's own."""
        address = urlsplit(api_url)
        host = (address.hostname or "").lower()
        own = any(
            host == domain or host.endswith("." + domain)
            for domain in self._settings.pipedrive_api_domains
        )
        schemes = {"https", "http"} if self._settings.allow_plain_http else {"https"}
        if not own or address.scheme not in schemes or address.username is not None:
            raise ProblemError(400, "api_domain: Pipedrive names an address that is not its own")


def _time_zone(name: str) -> str:
    """The zone, where it is one that is known; meetings are written in it."""
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):
        return "UTC"


def _is_admin(told: dict[str, Any]) -> bool:
    access = told.get("access")
    rights = [one for one in access if isinstance(one, dict)] if isinstance(access, list) else []
    return any(one.get("app") in _ADMIN_APPS and one.get("admin") is True for one in rights)
