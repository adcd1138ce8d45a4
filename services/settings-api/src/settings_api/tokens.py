"""Sessions of browsers and API tokens of programs; only hashes of them are kept."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from settings_api.repeats import LIFE as REPEATS_LIFE
from settings_api.repository import QUERIES
from settings_api.user import User
from tandem.contracts.message import SyncUser
from tandem.runtime.app import Runtime
from tandem.runtime.postgres import as_uuid

SESSION_LIFE: Final = timedelta(days=14)
SESSION_IDLE: Final = timedelta(hours=12)
API_TOKENS_MAX: Final = 20
_PREFIX: Final = "tnd_"


class Scope(StrEnum):
    """What an API token may do; each includes those before it."""

    READ = "read"
    """Look."""
    WRITE = "write"
    """Change what is the user's own."""
    ADMIN = "admin"
    """Make and end API tokens, and see the company's connections, for its admins."""

    def covers(self, needed: "Scope") -> bool:
        """Whether this is enough for what needs `needed`."""
        order = list(Scope)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True)
class Session:
    """A signed-in browser: its user, and what its writes must carry."""

    user: User
    csrf_token: str


@dataclass(frozen=True)
class OpenedSession:
    """What the browser of a new session keeps: its secret, and what its writes must carry."""

    token: str
    csrf_token: str


class TooManyTokensError(ValueError):
    """The user has as many API tokens as one may have."""


def new_secret() -> str:
    """A secret of 256 bits for a cookie or a URL."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> bytes:
    """What is kept of a secret; it has enough entropy to need no salt."""
    return hashlib.sha256(secret.encode()).digest()


class Tokens:
    """Makes, finds and ends sessions and API tokens."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def open_session(self, user: SyncUser) -> OpenedSession:
        """Sign a user in."""
        token, csrf_token = new_secret(), new_secret()
        await QUERIES.add_session(
            self._runtime.pool,
            token_hash=hash_of(token),
            csrf_token=csrf_token,
            now=self._runtime.clock.now(),
            **user.model_dump(),
        )
        return OpenedSession(token, csrf_token)

    async def session(self, token: str) -> Session | None:
        """The session of a cookie, while it is good."""
        now = self._runtime.clock.now()
        row = await QUERIES.see_session(
            self._runtime.pool,
            token_hash=hash_of(token),
            now=now,
            born_after=now - SESSION_LIFE,
            seen_after=now - SESSION_IDLE,
        )
        return Session(User.of(row), row["csrf_token"]) if row else None

    async def close_session(self, token: str) -> None:
        """Sign out."""
        await QUERIES.delete_session(self._runtime.pool, token_hash=hash_of(token))

    async def close_sessions(self, user: SyncUser) -> None:
        """Sign a user out of every browser."""
        await QUERIES.delete_sessions_of(self._runtime.pool, **user.model_dump())

    async def make_api_token(self, user: SyncUser, name: str, scope: Scope) -> tuple[UUID, str]:
        """A new API token; it is shown this once. TooManyTokensError beyond the limit."""
        if len(await self.api_tokens(user)) >= API_TOKENS_MAX:
            raise TooManyTokensError(f"at most {API_TOKENS_MAX} API tokens; delete one first")
        token, token_id = _PREFIX + new_secret(), self._runtime.new_id()
        await QUERIES.add_api_token(
            self._runtime.pool,
            token_id=token_id,
            token_hash=hash_of(token),
            name=name,
            scope=scope.value,
            now=self._runtime.clock.now(),
            **user.model_dump(),
        )
        return token_id, token

    async def api_tokens(self, user: SyncUser) -> list[dict[str, Any]]:
        """A user's API tokens, without their secrets."""
        rows = QUERIES.api_tokens_of(self._runtime.pool, **user.model_dump())
        return [
            {
                "id": as_uuid(row["token_id"]),
                "name": row["name"],
                "scope": Scope(row["scope"]),
                "created_at": row["created_at"],
                "used_at": row["used_at"],
            }
            async for row in rows
        ]

    async def delete_api_token(self, user: SyncUser, token_id: UUID) -> bool:
        """End an API token; tells whether there was one."""
        row = await QUERIES.delete_api_token(
            self._runtime.pool, token_id=token_id, **user.model_dump()
        )
        return row is not None

    async def user_of_api_token(self, token: str) -> tuple[User, Scope] | None:
        """Whose API token this is, and what it may do."""
        row = await QUERIES.see_api_token(
            self._runtime.pool, token_hash=hash_of(token), now=self._runtime.clock.now()
        )
        return (User.of(row), Scope(row["scope"])) if row else None

    async def forget_expired(self) -> None:
        """Delete sessions and all else whose time is over."""
        now = self._runtime.clock.now()
        await QUERIES.forget_expired(
            self._runtime.pool,
            now=now,
            repeats_before=now - REPEATS_LIFE,
            born_after=now - SESSION_LIFE,
            seen_after=now - SESSION_IDLE,
        )
