"""Makes an activity once, whatever crashes or times out.

Before the create is sent, an intent is kept and leased, with what is sent. As long as its answer is
missing, nobody sends it again before the time in which it may still be carried out is over and
Pipedrive was searched for an activity that came of it; see `recognition`.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from crm_ingest.crm import Account, Activities, Page, Reading, UncertainError
from crm_ingest.recognition import Doubt, Wish, recognised
from tandem.contracts.commands import CreateActivity
from tandem.contracts.message import SyncUser
from tandem.runtime.failures import Retryable
from tandem.runtime.logs import LOG

LEASE_S: Final = 12.0
"""Longer than a call may take, so that a create whose sender died is over when it is up."""
SETTLE_S: Final = 5.0
"""A create whose answer was lost is carried out within this time, or never."""
PAGES_MAX: Final = 20


@dataclass(frozen=True)
class Intent:
    """The wish to make one item; link and generation name it for good."""

    link_id: UUID
    generation: int
    user: SyncUser
    wish: Wish


@dataclass(frozen=True)
class Begun:
    """The caller may create; `doubt`: a create was sent before, and nobody knows its answer."""

    doubt: Doubt | None


@dataclass(frozen=True)
class Held:
    """Somebody else is creating, for `wait_s` at most."""

    wait_s: float


@dataclass(frozen=True)
class Settled:
    """The item was made; `likely`: see `Made`."""

    activity_id: int
    likely: bool


@dataclass(frozen=True)
class Made:
    """The activity as it is; `found`: it was there already.

    Then it may be of an older wish, or edited since. That is not for a create to mend: whose words
    are newer is a decision. `likely`: it was edited, and nothing else can be what was made.
    """

    reading: Reading
    found: bool
    likely: bool = False


class Intents(Protocol):
    """Keeps intents durably."""

    async def begin(self, intent: Intent, lease_s: float) -> Begun | Held | Settled:
        """Lease the right to create."""
        ...

    async def sending(self, intent: Intent, now: datetime, lease_s: float) -> None:
        """The create is about to be sent."""
        ...

    async def free(self, intent: Intent, *, sent: bool, wait_s: float) -> None:
        """Give the lease back after `wait_s`; `sent`: the create may have been carried out."""
        ...

    async def settle(self, intent: Intent, activity_id: int, *, likely: bool) -> bool:
        """The item was made, for all that is known or, if `likely`, as it seems.

        False where another intent has claimed the same one.
        """
        ...

    async def in_doubt(self, intent: Intent) -> list[Doubt]:
        """Creates of all other intents of the user that were sent and have no answer."""
        ...

    async def claimed(self, company_id: int, activity_ids: Collection[int]) -> set[int]:
        """Those of the activities that some intent has claimed."""
        ...


@dataclass(frozen=True)
class Creates:
    """Carries out creates."""

    activities: Activities
    intents: Intents
    now: Callable[[], datetime]

    async def create(self, account: Account, command: CreateActivity) -> Made | None:
        """The activity as it is; None where it was made and deleted again meanwhile."""
        wish = Wish(command.type, command.draft)
        intent = Intent(command.link_id, command.generation, command.user, wish)
        begun = await self.intents.begin(intent, LEASE_S)
        if isinstance(begun, Held):
            raise Retryable("a create of this item is under way", retry_after_s=begun.wait_s)
        if isinstance(begun, Settled):
            return await self._present(account, begun)
        if begun.doubt is not None:
            doubt = replace(begun.doubt, wish=begun.doubt.wish or wish)
            found = await self._found(account, intent, doubt)
            if found is not None:
                return found
        made = await self._send(account, intent, in_doubt=begun.doubt is not None)
        if not await self.intents.settle(intent, made.activity.activity_id, likely=False):
            # Another create of the same draft, in doubt about its own, has taken this one.
            raise UncertainError("the activity was claimed by another create")
        return Made(made, found=False)

    async def _found(self, account: Account, intent: Intent, doubt: Doubt) -> Made | None:
        """What came of an earlier create whose answer was lost, now claimed."""
        try:
            # A colleague may have been given it.
            for listed in (self.activities.of_owner, self.activities.of_company):
                if found := await self._search(account, intent, doubt, listed):
                    return found
        except Exception:
            await self.intents.free(intent, sent=True, wait_s=0.0)
            raise
        return None

    async def _send(self, account: Account, intent: Intent, *, in_doubt: bool) -> Reading:
        """Send the create; from here to its answer nobody knows whether it was carried out."""
        await self.intents.sending(intent, self.now(), LEASE_S)
        wish = intent.wish
        try:
            return await self.activities.create(account, kind=wish.type, draft=wish.draft)
        except UncertainError:
            await self.intents.free(intent, sent=True, wait_s=SETTLE_S)
            raise
        except Exception:
            # Refused, or never sent; an earlier one that was sent stays in doubt.
            await self.intents.free(intent, sent=in_doubt, wait_s=0.0)
            raise

    async def _search(
        self,
        account: Account,
        intent: Intent,
        doubt: Doubt,
        listed: Callable[..., Awaitable[Page]],
    ) -> Made | None:
        user = intent.user
        fitting: list[Reading] = []
        cursor: str | None = None
        for _ in range(PAGES_MAX):
            page = await listed(account, updated_since=doubt.since, cursor=cursor)
            fitting += [one for one in page.readings if doubt.may_have_made(one, user.user_id)]
            cursor = page.cursor
            if cursor is None:
                break
        # Asked before what is claimed: whatever made one of these is in doubt still, or has it.
        others = await self.intents.in_doubt(intent) if fitting else []
        ids = [reading.activity.activity_id for reading in fitting]
        claimed = await self.intents.claimed(user.company_id, ids)
        free = [one for one in fitting if one.activity.activity_id not in claimed]
        for reading in recognised(doubt, others, free, user.user_id):
            # Kept with the claim: who asks again after a crash learns no more from the activity.
            likely = not doubt.is_exactly(reading)
            if await self.intents.settle(intent, reading.activity.activity_id, likely=likely):
                LOG.info("create_found_again", link_id=str(intent.link_id), likely=likely)
                return Made(reading, found=True, likely=likely)
        return None

    async def _present(self, account: Account, settled: Settled) -> Made | None:
        """What was made before."""
        reading = await self.activities.get(account, settled.activity_id)
        if reading is None or reading.deleted:
            return None
        return Made(reading, found=True, likely=settled.likely)
