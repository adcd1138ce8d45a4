"""Finds out what an activity is now, through whichever accounts of its company can tell.

When an activity counts as deleted:

- some account is shown it marked as deleted, or
- it does not exist (404) for the account of its owner as he was last known, no other account that
  was asked sees it, none was refused the answer, and no hint names another owner; and the same
  holds when it is asked again `CONFIRM_S` later (`Reader` sees to that, so that an activity which
  was told of before every replica had it is found as well).

A 404 or 403 that only says that an account may not see an activity is never taken for a deletion:
then its state is hidden, and what was told of it stands.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from crm_ingest.crm import Account, Activities, ForbiddenError, Reading
from tandem.contracts.message import SyncUser
from tandem.runtime.credential_store import GrantLostError

ASKED_MAX: Final = 4
CONFIRM_S: Final = 2.0


class Sight(StrEnum):
    """What became of a look-up."""

    SEEN = "seen"
    MISSING = "missing"
    HIDDEN = "hidden"


@dataclass(frozen=True)
class Look:
    """The activity where it was seen, by whom, and the accounts that have lost access.

    `moment` is just before the read that was answered, or the first one where none was.
    """

    sight: Sight
    moment: datetime
    reading: Reading | None = None
    seen_by: SyncUser | None = None
    lost: frozenset[SyncUser] = frozenset()


class Lookup:
    """Asks accounts one after the other, many look-ups side by side."""

    def __init__(
        self, activities: Activities, *, side_by_side: int, now: Callable[[], datetime]
    ) -> None:
        self._activities = activities
        self._now = now
        self._room = asyncio.Semaphore(side_by_side)

    async def look(
        self,
        activity_id: int,
        *,
        accounts: Sequence[Account],
        owner_id: int | None,
        hinted_owner_id: int | None,
    ) -> Look:
        """Look for an activity; raises `Retryable` where Pipedrive does not answer.

        `accounts` are all those of the company; `owner_id` is the owner as he was last known.
        """
        missing_for: set[int] = set()
        lost: set[SyncUser] = set()
        refused = False
        first_moment: datetime | None = None
        for account in _in_order(accounts, (hinted_owner_id, owner_id)):
            try:
                async with self._room:
                    moment = self._now()
                    first_moment = first_moment or moment
                    reading = await self._activities.get(account, activity_id)
            except GrantLostError:
                lost.add(account.user)
                continue
            except ForbiddenError:
                refused = True
                continue
            if reading is not None:
                return Look(Sight.SEEN, moment, reading, account.user, frozenset(lost))
            missing_for.add(account.user.user_id)
            if len(missing_for) >= ASKED_MAX:
                break
        last_owner_id = hinted_owner_id if owner_id is None else owner_id
        moved = hinted_owner_id not in {None, last_owner_id}
        gone = last_owner_id in missing_for and not refused and not moved
        sight = Sight.MISSING if gone else Sight.HIDDEN
        return Look(sight, first_moment or self._now(), lost=frozenset(lost))


def _in_order(accounts: Sequence[Account], first: Sequence[int | None]) -> list[Account]:
    """All accounts, those of likely owners first."""
    rank = {user_id: place for place, user_id in reversed(list(enumerate(first)))}
    return sorted(accounts, key=lambda one: rank.get(one.user.user_id, len(first)))
