"""Makes an activity once, whatever crashes or times out.

Before the create is sent, an intent is kept and leased. As long as its answer is missing, nobody
sends it again before the time in which it may still be carried out is over and the user's
activities were searched for one that came of it: made by the user since then, of the draft's
type, title and time, and claimed by no other intent.
"""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from crm_ingest.crm import Account, Activities, Reading, UncertainError
from crm_ingest.drafts import differing_fields, same_meeting
from tandem.contracts.commands import CreateActivity
from tandem.contracts.meetings import MeetingField
from tandem.runtime.failures import Retryable
from tandem.runtime.logs import LOG

LEASE_S: Final = 12.0
"""Longer than a call may take, so that a create whose sender died is over when it is up."""
SETTLE_S: Final = 5.0
"""A create whose answer was lost is carried out within this time, or never."""
SKEW: Final = timedelta(minutes=2)
"""How far Pipedrive's clock may be behind ours."""
PAGES_MAX: Final = 20


@dataclass(frozen=True)
class Intent:
    """The wish to make one item; link and generation name it for good."""

    link_id: UUID
    generation: int
    company_id: int
    draft_hash: str


@dataclass(frozen=True)
class Begun:
    """The caller may create; `sent_at`: a create was sent then, and nobody knows its answer."""

    sent_at: datetime | None


@dataclass(frozen=True)
class Held:
    """Somebody else is creating, for `wait_s` at most."""

    wait_s: float


@dataclass(frozen=True)
class Settled:
    """The item was made, of a draft with this hash."""

    activity_id: int
    draft_hash: str


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

    async def settle(self, intent: Intent, activity_id: int) -> bool:
        """The item was made; False where another intent has claimed the same one."""
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

    async def create(self, account: Account, command: CreateActivity) -> Reading | None:
        """The activity as it is; None where it was made and deleted again meanwhile."""
        intent = _intent_of(command)
        begun = await self.intents.begin(intent, LEASE_S)
        if isinstance(begun, Held):
            raise Retryable("a create of this item is under way", retry_after_s=begun.wait_s)
        if isinstance(begun, Settled):
            return await self._present(account, command, intent, begun)
        found = await self._found(account, command, intent, begun.sent_at)
        made = found or await self._send(account, command, intent, begun.sent_at)
        if not await self.intents.settle(intent, made.activity.activity_id):
            # Another create of the same draft, in doubt about its own, has taken this one.
            raise UncertainError("the activity was claimed by another create")
        return made

    async def _found(
        self, account: Account, command: CreateActivity, intent: Intent, sent_at: datetime | None
    ) -> Reading | None:
        """What came of an earlier create whose answer was lost."""
        if sent_at is None:
            return None
        try:
            return await self._search(account, command, intent, sent_at)
        except Exception:
            await self.intents.free(intent, sent=True, wait_s=0.0)
            raise

    async def _send(
        self, account: Account, command: CreateActivity, intent: Intent, sent_at: datetime | None
    ) -> Reading:
        """Send the create; from here to its answer nobody knows whether it was carried out."""
        await self.intents.sending(intent, self.now(), LEASE_S)
        try:
            return await self.activities.create(account, kind=command.type, draft=command.draft)
        except UncertainError:
            await self.intents.free(intent, sent=True, wait_s=SETTLE_S)
            raise
        except Exception:
            # Refused, or never sent; an earlier one that was sent stays in doubt.
            await self.intents.free(intent, sent=sent_at is not None, wait_s=0.0)
            raise

    async def _search(
        self, account: Account, command: CreateActivity, intent: Intent, sent_at: datetime
    ) -> Reading | None:
        since = sent_at - SKEW
        fitting: list[Reading] = []
        cursor: str | None = None
        for _ in range(PAGES_MAX):
            page = await self.activities.of_owner(account, updated_since=since, cursor=cursor)
            fitting += [one for one in page.readings if _came_of(one, account, command, since)]
            cursor = page.cursor
            if cursor is None:
                break
        ids = [reading.activity.activity_id for reading in fitting]
        claimed = await self.intents.claimed(intent.company_id, ids)
        for reading in sorted(fitting, key=lambda one: one.activity.activity_id):
            activity_id = reading.activity.activity_id
            if activity_id not in claimed and await self.intents.settle(intent, activity_id):
                LOG.info("create_found_again", link_id=str(command.link_id))
                return reading
        return None

    async def _present(
        self, account: Account, command: CreateActivity, intent: Intent, settled: Settled
    ) -> Reading | None:
        """What was made before; brought to the draft where that has changed since."""
        reading = await self.activities.get(account, settled.activity_id)
        if reading is None or reading.deleted:
            return None
        if settled.draft_hash == intent.draft_hash:
            return reading
        fields = differing_fields(reading.activity, command.draft, frozenset(MeetingField))
        if fields:
            changed = await self.activities.change(
                account, reading, fields=fields, draft=command.draft
            )
            if changed is None:
                return None
            reading = changed
        await self.intents.settle(intent, settled.activity_id)
        return reading


def _intent_of(command: CreateActivity) -> Intent:
    draft = command.draft.model_copy(update={"guests": frozenset()})
    told = "\n".join([command.type, draft.model_dump_json(), *sorted(command.draft.guests)])
    return Intent(
        command.link_id,
        command.generation,
        command.user.company_id,
        hashlib.sha256(told.encode()).hexdigest(),
    )


def _came_of(reading: Reading, account: Account, command: CreateActivity, since: datetime) -> bool:
    return (
        not reading.deleted
        and reading.creator_id in {None, account.user.user_id}
        and reading.activity.added_at >= since
        and reading.activity.type == command.type
        and same_meeting(reading.activity, command.draft)
    )
