"""Carries out one command in Pipedrive, and says what it came to.

Every write looks first: an activity that was modified after the decision is left as it is
(`STALE`), and one that is as it should be already is not written again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from crm_ingest.creates import Creates
from crm_ingest.crm import Account, Activities, Reading, RefusedError
from crm_ingest.drafts import differing_fields
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.commands import CreateActivity, DeleteActivity, UpdateActivity
from tandem.contracts.meetings import Side
from tandem.contracts.outcomes import ActivityWritten, Rejection, WriteRejected
from tandem.runtime.credential_store import GrantLostError

Command = CreateActivity | UpdateActivity | DeleteActivity
Outcome = ActivityWritten | WriteRejected

ACCESS_LOST: Final = frozenset({Rejection.AUTH_LOST})
"""Rejections that say nothing of the activity: the same command may fare better later."""


def is_lasting(outcome: Outcome) -> bool:
    """Whether the same command again is to have the same outcome."""
    return not (isinstance(outcome, WriteRejected) and outcome.rejection in ACCESS_LOST)


@dataclass(frozen=True)
class Writes:
    """Carries out commands."""

    activities: Activities
    creates: Creates
    new_id: Callable[[], UUID]
    now: Callable[[], datetime]

    async def carry_out(self, account: Account, command: Command) -> Outcome:
        """Write, idempotently; raises `Retryable` where it is to be tried again."""
        account = replace(account, background=command.backfill)
        try:
            if isinstance(command, CreateActivity):
                return await self._create(account, command)
            if isinstance(command, UpdateActivity):
                return await self._update(account, command)
            return await self._delete(account, command)
        except GrantLostError as error:
            return self._rejected(command, Rejection.AUTH_LOST, detail=str(error))
        except RefusedError as error:
            return self._rejected(command, Rejection.REFUSED, detail=str(error))

    def given_up(self, command: Command, error: Exception) -> Outcome:
        """The outcome of a command that fails again and again for a reason of our own."""
        detail = f"internal error: {type(error).__name__}"
        return self._rejected(command, Rejection.REFUSED, detail=detail)

    # An observation is as old as the reading's begin. That an activity is gone is as new as the
    # answer that says so: whoever began to read it before may have seen it still.

    async def _create(self, account: Account, command: CreateActivity) -> Outcome:
        moment = self.now()
        made = await self.creates.create(account, command)
        if made is None:
            return self._rejected(command, Rejection.GONE)
        activity_id = made.reading.activity.activity_id
        written = self._written(command, activity_id, made.reading, moment)
        return written.model_copy(update={"found": made.found, "likely": made.likely})

    async def _update(self, account: Account, command: UpdateActivity) -> Outcome:
        moment = self.now()
        present = await self.activities.get(account, command.activity_id)
        if present is None or present.deleted:
            return self._rejected(command, Rejection.GONE)
        if command.is_outdated_by(present.activity):
            return self._stale(command, present, moment)
        fields = differing_fields(present.activity, command.draft, command.fields)
        if not fields:
            return self._written(command, command.activity_id, present, moment)
        moment = self.now()
        changed = await self.activities.change(account, present, fields=fields, draft=command.draft)
        if changed is None:
            return self._rejected(command, Rejection.GONE)
        return self._written(command, command.activity_id, changed, moment)

    async def _delete(self, account: Account, command: DeleteActivity) -> Outcome:
        moment = self.now()
        present = await self.activities.get(account, command.activity_id)
        if present is not None and not present.deleted:
            if command.is_outdated_by(present.activity):
                return self._stale(command, present, moment)
            await self.activities.delete(account, command.activity_id)
        return self._written(command, command.activity_id, None, self.now())

    def _written(
        self, command: Command, activity_id: int, reading: Reading | None, moment: datetime
    ) -> ActivityWritten:
        return ActivityWritten(
            message_id=self.new_id(),
            occurred_at=self.now(),
            user=command.user,
            connection_id=command.connection_id,
            link_id=command.link_id,
            revision=command.revision,
            observed_at=moment,
            activity_id=activity_id,
            activity=reading.activity if reading else None,
        )

    def _stale(self, command: Command, present: Reading, moment: datetime) -> WriteRejected:
        return self._rejected(command, Rejection.STALE, moment=moment, activity=present.activity)

    def _rejected(
        self,
        command: Command,
        rejection: Rejection,
        *,
        detail: str = "",
        moment: datetime | None = None,
        activity: ActivitySnapshot | None = None,
    ) -> WriteRejected:
        return WriteRejected(
            message_id=self.new_id(),
            occurred_at=self.now(),
            user=command.user,
            connection_id=command.connection_id,
            link_id=command.link_id,
            revision=command.revision,
            observed_at=moment or self.now(),
            side=Side.CRM,
            rejection=rejection,
            detail=detail,
            activity=activity,
        )
