"""Follows hints: reads what an activity is now, and has it published.

Hints of one activity in a batch are followed once. A hint that can not be followed now is held in
PostgreSQL and tried again from there, so that a slow provider holds up no partition.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from crm_ingest.crm import RefusedError
from crm_ingest.lookup import CONFIRM_S, Look, Lookup, Sight
from crm_ingest.observer import Observer, Seen
from crm_ingest.reports import Reports
from crm_ingest.repository.activities import Known, KnownActivities, Place
from crm_ingest.repository.connections import Connections, People
from crm_ingest.repository.hints import HeldHints, Hint
from tandem.contracts.connections import HealthSignal
from tandem.contracts.message import SyncUser
from tandem.runtime.failures import is_retryable
from tandem.runtime.logs import LOG
from tandem.runtime.telemetry import span
from tandem.runtime.waits import retry_wait_s

HELD_LONGEST_S: Final = 120.0
FOLLOW_S_MAX: Final = 30.0
"""What is not read by then is held: no batch may come near Kafka's `max.poll.interval.ms`."""


@dataclass(frozen=True)
class _Followed:
    """A hint and what came of it; `error`: it must wait."""

    hint: Hint
    look: Look | None = None
    error: Exception | None = None


class Reader:
    """Turns hints into observations."""

    def __init__(
        self,
        *,
        lookup: Lookup,
        observer: Observer,
        connections: Connections,
        known: KnownActivities,
        held: HeldHints,
        reports: Reports,
    ) -> None:
        self._lookup = lookup
        self._observer = observer
        self._connections = connections
        self._known = known
        self._held = held
        self._reports = reports

    async def follow(self, hints: Sequence[Hint]) -> None:
        """Follow hints; returns once each is published, held for later, or known to be nobody's."""
        merged = _merged(hints)
        people = await self._connections.people({hint.company_id for hint in merged})
        known = await self._known.by_place([hint.place for hint in merged])
        concerned = [hint for hint in merged if _concerns(hint, known.get(hint.place), people)]
        late_at = asyncio.get_running_loop().time() + FOLLOW_S_MAX
        followed = await asyncio.gather(
            *(self._follow(hint, known.get(hint.place), people, late_at) for hint in concerned)
        )
        await self._publish(followed, people)
        await self._held.release(merged)

    async def follow_one(self, hint: Hint) -> None:
        """Follow a hint that was held."""
        await self.follow([hint])

    async def _follow(
        self, hint: Hint, before: Known | None, people: People, late_at: float
    ) -> _Followed:
        try:
            with span("crm.read", parent=hint.trace):
                async with asyncio.timeout_at(late_at):
                    look = await self._lookup.look(
                        hint.activity_id,
                        accounts=people.of_company(hint.company_id),
                        owner_id=before.owner_id if before else None,
                        hinted_owner_id=hint.user_id,
                    )
        except RefusedError as error:
            LOG.warning("read_refused", company_id=hint.company_id, detail=str(error))
            return _Followed(hint)
        except Exception as error:
            if not is_retryable(error):
                raise
            return _Followed(hint, error=error)
        return _Followed(hint, look)

    async def _publish(self, followed: Sequence[_Followed], people: People) -> None:
        seen: list[Seen] = []
        waiting: list[tuple[Hint, float]] = []
        lost: set[SyncUser] = set()
        synced: set[SyncUser] = set()
        by_place: dict[Place, Hint] = {}
        for one in followed:
            hint = by_place[one.hint.place] = one.hint
            if one.error is not None:
                waiting.append((replace(hint, missing=False), _wait_s(hint, one.error)))
            if one.look is None:
                continue
            lost |= one.look.lost
            synced |= {one.look.seen_by} if one.look.seen_by else set()
            if one.look.sight is Sight.MISSING and not hint.missing:
                waiting.append((replace(hint, missing=True), CONFIRM_S))
            elif one.look.sight is not Sight.HIDDEN:
                seen.append(Seen(hint.place, one.look.reading, one.look.moment, hint.trace))
        told = await self._observer.observe(seen, people)
        waiting += [
            (hint := replace(by_place[one.place], missing=False), _wait_s(hint, error))
            for one, error in told.waiting
        ]
        await self._held.hold(waiting)
        lost |= told.lost
        await self._reports.access(synced - lost, HealthSignal.SYNCED)
        await self._reports.access(lost, HealthSignal.GRANT_LOST)


def _merged(hints: Sequence[Hint]) -> list[Hint]:
    """Each activity once, by its latest hint; an owner who was ever named is not forgotten."""
    merged: dict[Place, Hint] = {}
    for hint in hints:
        before = merged.get(hint.place)
        if before is not None and hint.user_id is None:
            hint = replace(hint, user_id=before.user_id)  # noqa: PLW2901 - completed
        merged[hint.place] = hint
    return list(merged.values())


def _concerns(hint: Hint, before: Known | None, people: People) -> bool:
    """Whether anybody is to be told, as far as that can be known without asking."""
    accounts = people.of_company(hint.company_id)
    if not accounts:
        return False
    if before is not None and before.told:
        return True
    return hint.user_id is None or any(one.user.user_id == hint.user_id for one in accounts)


def _wait_s(hint: Hint, error: Exception) -> float:
    return retry_wait_s(hint.attempts, error, longest_s=HELD_LONGEST_S)
