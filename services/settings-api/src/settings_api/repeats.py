"""Writes that a client may repeat: done once, answered with the first answer each time.

A key is its user's own and lives for a day. Only what was done is kept: after a refusal the same
key may try again. Answers are sealed; one that must be shown only once is not kept.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from pydantic import BaseModel

from settings_api.problem import ProblemError
from settings_api.repository import QUERIES
from tandem.contracts.message import SyncUser
from tandem.runtime.app import Runtime
from tandem.runtime.secrets import Sealer

LIFE: Final = timedelta(hours=24)
CLAIM_LIFE: Final = timedelta(minutes=2)
"""A claim whose process was killed is void after this."""
KEYS_MAX: Final = 1000
"""Keys of one user; the oldest are forgotten first."""
ANSWER_BYTES_MAX: Final = 65_536


class KeptAnswer(BaseModel):
    """An answer as it was given."""

    status: int
    headers: list[tuple[str, str]]
    body: str


@dataclass(frozen=True)
class Claim:
    """The right to do what a key stands for."""

    user: SyncUser
    key: str
    request_hash: bytes


class Repeats:
    """The table `settings.repeats`."""

    def __init__(self, runtime: Runtime, sealer: Sealer) -> None:
        self._runtime = runtime
        self._sealer = sealer

    async def claim(self, user: SyncUser, key: str, *, request: bytes) -> Claim | KeptAnswer:
        """The right to do it, or the answer of when it was done.

        ProblemError 422 where the key stood for another request, 409 while that is under way or
        where its answer is not kept.
        """
        claim = Claim(user, key, hashlib.sha256(request).digest())
        row = await self._claim(claim)
        if row is not None and row["claimed"]:
            await QUERIES.forget_repeats_of(self._runtime.pool, **user.model_dump(), most=KEYS_MAX)
            return claim
        if row is not None and bytes(row["request_hash"]) != claim.request_hash:
            raise ProblemError(422, "Idempotency-Key: it stood for another request; send a new key")
        if row is None or row["status"] is None:
            raise ProblemError(
                409, "Idempotency-Key: its request is under way", headers={"retry-after": "1"}
            )
        if row["answer"] is None:
            raise ProblemError(409, "Idempotency-Key: it is done; its answer was shown once")
        return KeptAnswer.model_validate_json(self._sealer.open(row["answer"]))

    async def _claim(self, claim: Claim) -> Any:
        """The row of a key; None where another call took or left it at this very moment."""
        now = self._runtime.clock.now()
        return await QUERIES.claim_repeat(
            self._runtime.pool,
            **claim.user.model_dump(),
            key=claim.key,
            request_hash=claim.request_hash,
            now=now,
            void_before=now - CLAIM_LIFE,
            old_before=now - LIFE,
        )

    async def keep(self, claim: Claim, answer: KeptAnswer, *, secret: bool) -> None:
        """Keep what was answered; of a secret or very long answer only that it was given."""
        plain = answer.model_dump_json().encode()
        sealed = None if secret or len(plain) > ANSWER_BYTES_MAX else self._sealer.seal(plain)
        await QUERIES.keep_repeat(
            self._runtime.pool,
            **claim.user.model_dump(),
            key=claim.key,
            status=answer.status,
            answer=sealed,
        )

    async def release(self, claim: Claim) -> None:
        """Nothing was done: let the key be used again."""
        await QUERIES.release_repeat(self._runtime.pool, **claim.user.model_dump(), key=claim.key)
