"""What a delete tells is as new as its answer: a reading begun before may have seen the item."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from tests.unit.contracts.examples import EXAMPLES

from calendar_ingest.calendars import MissingError
from calendar_ingest.writes import Writes as CalendarWrites
from crm_ingest.crm import Account
from crm_ingest.writes import Writes as CrmWrites
from tandem.contracts.commands import DeleteActivity, DeleteEvent, UpdateEvent
from tandem.contracts.outcomes import Rejection, WriteRejected

BEGAN = datetime(2031, 3, 4, 9, tzinfo=UTC)
ANSWERED = BEGAN + timedelta(seconds=3)


@dataclass
class Slow:
    """A provider whose answers take three seconds."""

    now: datetime = BEGAN
    gone: bool = False
    asked: list[str] = field(default_factory=list)

    async def get(self, *_: Any) -> None:
        self.asked.append("get")
        self.now = ANSWERED

    async def delete(self, *_: Any, **__: Any) -> None:
        self.asked.append("delete")
        self.now = ANSWERED

    async def update(self, *_: Any, **__: Any) -> None:
        self.now = ANSWERED
        raise MissingError("gone")


async def test_a_deleted_activity_is_gone_since_the_answer():
    slow = Slow()
    writes = CrmWrites(slow, SimpleNamespace(), uuid4, lambda: slow.now)  # type: ignore[arg-type]
    command = EXAMPLES["delete_activity"]
    assert isinstance(command, DeleteActivity)
    account = Account(command.user, uuid4(), "http://127.0.0.1", "anna@example.com", False, False)
    outcome = await writes.carry_out(account, command)
    assert (outcome.activity, outcome.observed_at) == (None, ANSWERED)


async def test_a_deleted_event_is_gone_since_the_answer():
    slow = Slow()
    writes = CalendarWrites(slow, uuid4(), uuid4, lambda: slow.now)  # type: ignore[arg-type]
    deleted, changed = EXAMPLES["delete_event"], EXAMPLES["update_event"]
    assert isinstance(deleted, DeleteEvent)
    assert (await writes.carry_out(deleted)).outcome.observed_at == ANSWERED
    slow.now = BEGAN
    assert isinstance(changed, UpdateEvent)
    missed = (await writes.carry_out(changed)).outcome
    assert isinstance(missed, WriteRejected)
    assert (missed.rejection, missed.observed_at) == (Rejection.GONE, ANSWERED)
