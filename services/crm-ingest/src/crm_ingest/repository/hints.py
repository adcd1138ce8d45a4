"""Hints that could not be followed yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crm_ingest.repository.queries import LEASE_S, QUERIES, Database


@dataclass(frozen=True)
class Hint:
    """An activity to be read; `user_id` is its owner as far as somebody told.

    `missing` True: it did not exist a moment ago. `due_at` is set while the hint is held.
    """

    company_id: int
    activity_id: int
    user_id: int | None = None
    trace: str | None = None
    missing: bool = False
    attempts: int = 0
    due_at: datetime | None = None

    @property
    def place(self) -> tuple[int, int]:
        """Company and activity."""
        return self.company_id, self.activity_id


class HeldHints:
    """The table `held_hints`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, most: int) -> list[Hint]:
        """Claim hints that are due."""
        return [
            Hint(
                row["company_id"],
                row["activity_id"],
                row["user_id"],
                row["trace"],
                row["missing"],
                row["attempts"],
                row["due_at"],
            )
            async for row in QUERIES.claim_held_hints(
                self._database.pool, most=most, lease_s=LEASE_S
            )
        ]

    async def hold(self, held: Sequence[tuple[Hint, float]]) -> None:
        """Keep hints, each to be followed after so many seconds."""
        if not held:
            return
        hints = [hint for hint, _ in held]
        await QUERIES.hold_hints(
            self._database.pool,
            company_ids=[hint.company_id for hint in hints],
            activity_ids=[hint.activity_id for hint in hints],
            user_ids=[hint.user_id for hint in hints],
            traces=[hint.trace for hint in hints],
            missings=[hint.missing for hint in hints],
            waits_s=[wait_s for _, wait_s in held],
        )

    async def release(self, hints: Sequence[Hint]) -> None:
        """Forget hints that were followed."""
        held = [hint for hint in hints if hint.due_at is not None]
        if held:
            await QUERIES.release_hints(
                self._database.pool,
                company_ids=[hint.company_id for hint in held],
                activity_ids=[hint.activity_id for hint in held],
                due_ats=[hint.due_at for hint in held],
            )

    async def forget_old(self) -> None:
        """Forget hints that a sweep has long made up for."""
        await QUERIES.forget_old_hints(self._database.pool)
