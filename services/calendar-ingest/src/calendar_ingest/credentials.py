"""What opens an account: access tokens and passwords of the credential store."""

from uuid import UUID

from calendar_ingest.calendars import Account
from tandem.runtime.credential_store import Credential, Credentials, Refresh


class StoredTokens:
    """Access tokens of the credential store."""

    def __init__(self, credentials: Credentials, refresh: Refresh) -> None:
        self._credentials = credentials
        self._refresh = refresh

    async def token(self, account: Account, *, stale: str = "") -> str:
        """An access token that holds; `stale` is one that was just refused.

        Raises GrantLostError where the grant is lost.
        """
        credential = await self._credentials.store.usable(
            account.credential_id, self._refresh, stale=stale
        )
        return credential.access_token.get_secret_value()


class StoredPasswords:
    """Passwords of the credential store."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    async def password(self, credential_id: UUID) -> Credential | None:
        """The credential of an account that is opened with a password."""
        return await self._credentials.store.get(credential_id)
