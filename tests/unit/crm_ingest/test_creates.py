"""A create repeated after a crash or a timeout at any point makes no second activity."""

import asyncio
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.crm_ingest.intents import MemoryIntents
from tests.unit.crm_ingest.moments import StillClock

from crm_ingest.adapters.memory import MemoryCrm
from crm_ingest.creates import Creates
from crm_ingest.crm import Account, Reading, RefusedError, UncertainError
from tandem.contracts.commands import ActivityDraft, CreateActivity
from tandem.contracts.message import SyncUser
from tandem.runtime.failures import Retryable

ANNA = SyncUser(company_id=7, user_id=42)
ACCOUNT = Account(ANNA, uuid4(), "https://north.example", "anna@north.example")
DRAFT = ActivityDraft(
    subject="Lunch", due_date=date(2031, 3, 4), due_time=time(9, 30), duration_minutes=45
)


class Crash(BaseException):
    """The process dies here."""


class Fragile:
    """Lets calls through to `target`, and dies before or after the one that is due to kill."""

    def __init__(self, target: Any, countdown: list[int]) -> None:
        self._target = target
        self._countdown = countdown

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._target, name)

        async def fragile(*args: Any, **kwargs: Any) -> Any:
            self._step()
            answer = await call(*args, **kwargs)
            self._step()
            return answer

        return fragile

    def _step(self) -> None:
        self._countdown[0] -= 1
        if self._countdown[0] == 0:
            raise Crash


class World:
    """A company, its kept intents, and processes that come and go."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.company = MemoryCrm(self.clock)
        self.intents = MemoryIntents(self.clock)

    def process(self, *, dies_after: int = 0) -> Creates:
        """A process that dies at its so-manieth step; 0: never."""
        countdown = [dies_after]
        return Creates(
            Fragile(self.company, countdown), Fragile(self.intents, countdown), self.clock.now
        )

    async def create(self, command: CreateActivity, *, dies_after: int = 0) -> Reading | None:
        """Repeat a create until it is done, as the writer does."""
        process = self.process(dies_after=dies_after)
        for _ in range(50):
            try:
                return await process.create(ACCOUNT, command)
            except Crash:
                process = self.process()
                await self.clock.sleep(30)
            except Retryable as error:
                await self.clock.sleep((error.retry_after_s or 0) + 1)
        raise AssertionError("never done")


def _command(**changes: Any) -> CreateActivity:
    return CreateActivity(
        **{
            "message_id": uuid4(),
            "occurred_at": datetime(2030, 1, 7, tzinfo=UTC),
            "user": ANNA,
            "connection_id": uuid4(),
            "link_id": uuid4(),
            "revision": 1,
            "generation": 0,
            "type": "meeting",
            "draft": DRAFT,
            **changes,
        }
    )


@pytest.mark.parametrize("step", range(1, 12))
@pytest.mark.parametrize("lost", [0, 1], ids=["answered", "unanswered"])
async def test_a_process_that_dies_at_any_step_leaves_one_activity(step: int, lost: int):
    world = World()
    world.company.lost_answers = lost
    made = await world.create(_command(), dies_after=step)
    assert made is not None
    assert world.company.living() == [made]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=4),
    st.integers(0, 3),
    st.lists(st.sampled_from(["of_owner", "create"]), max_size=3),
)
def test_equal_drafts_make_as_many_activities_whatever_happens(
    deaths: list[int], lost: int, weather: list[str]
):
    async def run() -> None:
        world = World()
        world.company.lost_answers = lost
        for call in weather:
            world.company.failures_of.setdefault(call, []).append(Retryable("weather"))
        commands = [_command() for _ in deaths]
        made = await asyncio.gather(
            *(
                world.create(command, dies_after=death)
                for command, death in zip(commands, deaths, strict=True)
            )
        )
        ids = {one.activity.activity_id for one in made if one}
        assert len(ids) == len(deaths)
        assert {one.activity.activity_id for one in world.company.living()} == ids

    asyncio.run(run())


async def test_another_generation_makes_another_activity():
    world = World()
    command = _command()
    first = await world.create(command)
    second = await world.create(command.model_copy(update={"generation": 1}))
    assert first is not None
    assert second is not None
    assert first.activity.activity_id != second.activity.activity_id


async def test_what_was_made_and_deleted_since_is_not_made_again():
    world = World()
    command = _command()
    made = await world.create(command)
    assert made is not None
    world.company.take_away(made.activity.activity_id)
    assert await world.create(command) is None
    assert world.company.living() == []


async def test_a_newer_draft_of_what_was_made_already_is_written_into_it():
    world = World()
    command = _command()
    made = await world.create(command)
    newer = command.model_copy(
        update={"revision": 2, "draft": DRAFT.model_copy(update={"subject": "Dinner"})}
    )
    again = await world.create(newer)
    assert made is not None
    assert again is not None
    assert again.activity.activity_id == made.activity.activity_id
    assert [one.activity.subject for one in world.company.living()] == ["Dinner"]


async def test_a_refused_create_is_tried_afresh_without_a_search():
    world = World()
    command = _command()
    world.company.failures_of["create"] = [RefusedError("400")]
    with pytest.raises(RefusedError):
        await world.process().create(ACCOUNT, command)
    await world.create(command)
    assert "of_owner" not in world.company.calls
    assert len(world.company.living()) == 1


async def test_nobody_creates_while_somebody_else_may_be_at_it():
    world = World()
    command = _command()
    world.company.lost_answers = 1
    with pytest.raises(UncertainError):
        await world.process().create(ACCOUNT, command)
    with pytest.raises(Retryable) as held:
        await world.process().create(ACCOUNT, command)
    assert held.value.retry_after_s is not None
    assert held.value.retry_after_s > 0
    assert world.company.calls.count("create") == 1
