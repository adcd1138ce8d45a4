"""OAuth round trips under way: each state is good once, for ten minutes, in one browser."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from settings_api.problem import ProblemError
from settings_api.repository import QUERIES
from settings_api.tokens import hash_of, new_secret
from tandem.contracts.message import SyncUser
from tandem.runtime.app import Runtime
from tandem.runtime.secrets import Sealer, same_secret

LIFE: Final = timedelta(minutes=10)


@dataclass(frozen=True)
class RoundTrip:
    """What is known when a browser comes back; `user` None: it was a sign-in."""

    user: SyncUser | None
    email: str
    verifier: str


@dataclass(frozen=True)
class Departure:
    """What an authorize URL needs; `challenge` is of PKCE's method S256."""

    state: str
    challenge: str


class OAuthStates:
    """The table `settings.oauth_states`; PKCE verifiers are sealed, all else is hashed."""

    def __init__(self, runtime: Runtime, sealer: Sealer) -> None:
        self._runtime = runtime
        self._sealer = sealer

    async def depart(
        self, provider: str, *, browser: str, user: SyncUser | None = None, email: str = ""
    ) -> Departure:
        """Begin a round trip; `browser` is the value of the cookie that must come back with it."""
        state, verifier = new_secret(), new_secret()
        await QUERIES.add_oauth_state(
            self._runtime.pool,
            state_hash=hash_of(state),
            provider=provider,
            browser_hash=hash_of(browser),
            company_id=user.company_id if user else None,
            user_id=user.user_id if user else None,
            email=email,
            verifier=self._sealer.seal(verifier.encode()),
            expires_at=self._runtime.clock.now() + LIFE,
        )
        digest = hashlib.sha256(verifier.encode()).digest()
        return Departure(state, base64.urlsafe_b64encode(digest).decode().rstrip("="))

    async def arrive(self, provider: str, state: str, *, browser: str | None) -> RoundTrip:
        """End a round trip; ProblemError 400 for a state that is unknown, used, old or foreign."""
        row = await QUERIES.take_oauth_state(
            self._runtime.pool, state_hash=hash_of(state), provider=provider
        )
        if row is None or row["expires_at"] < self._runtime.clock.now():
            raise ProblemError(400, "state: it is unknown, used or too old; start again")
        given = hash_of(browser).hex() if browser else None
        if not same_secret(given, row["browser_hash"].hex()):
            raise ProblemError(400, "state: it began in another browser; start again in this one")
        user = (
            SyncUser(company_id=row["company_id"], user_id=row["user_id"])
            if row["company_id"] is not None
            else None
        )
        return RoundTrip(user, row["email"], self._sealer.open(row["verifier"]).decode())
