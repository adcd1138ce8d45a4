"""A create repeated after a crash or a timeout at any point makes no second activity."""

import asyncio
import contextlib
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
                made = await process.create(ACCOUNT, command)
            except Crash:
                process = self.process()
                await self.clock.sleep(30)
            except Retryable as error:
                await self.clock.sleep((error.retry_after_s or 0) + 1)
            else:
                return made.reading if made else None
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


@pytest.mark.rule("7.4")
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


async def test_a_newer_draft_of_what_was_made_already_finds_it_as_it_is():
    world = World()
    command = _command()
    made = await world.create(command)
    newer = command.model_copy(
        update={"revision": 2, "draft": DRAFT.model_copy(update={"subject": "Dinner"})}
    )
    again = await world.create(newer)
    assert made is not None
    assert again is not None
    assert again == made
    assert world.company.living() == [made]


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


# Edited before the answer is known

EDITS: list[dict[str, Any]] = [
    {"subject": "Dinner"},
    {"due_date": date(2031, 3, 5)},
    {"due_date": None, "due_time": None},
    {"type": "call"},
    {"location": "Elsewhere"},
    {"owner_id": 43},
]


@pytest.mark.rule("7.4")
@pytest.mark.parametrize("edit", EDITS, ids=str)
@pytest.mark.parametrize("answered", [True, False], ids=["crash", "unanswered"])
async def test_what_is_edited_before_its_answer_is_known_is_made_once(
    edit: dict[str, Any], *, answered: bool
):
    world = World()
    command = _command()
    world.company.lost_answers = 0 if answered else 1
    process = world.process(dies_after=6 if answered else 0)
    with pytest.raises(Crash if answered else UncertainError):
        await process.create(ACCOUNT, command)
    [made] = world.company.living()
    await world.clock.sleep(5)
    edited = world.company.put(**{"owner_id": 42, "activity_id": made.activity.activity_id} | edit)
    await world.clock.sleep(30)
    again = await world.process().create(ACCOUNT, command)
    assert again is not None
    assert (again.reading, again.found) == (edited, True)
    assert world.company.living() == [edited]


async def test_what_was_made_at_once_was_not_found():
    made = await World().process().create(ACCOUNT, _command())
    assert made is not None
    assert not made.found


async def test_occurrences_in_doubt_of_which_one_was_moved_are_made_once_each():
    world = World()
    days = [DRAFT.model_copy(update={"due_date": date(2031, 3, day)}) for day in (4, 5, 6)]
    commands = [_command(draft=draft) for draft in days]
    world.company.lost_answers = len(commands)
    for command in commands:
        with pytest.raises(UncertainError):
            await world.process().create(ACCOUNT, command)
    first, second, third = world.company.living()
    await world.clock.sleep(5)
    world.company.put(42, activity_id=second.activity.activity_id, due_date=date(2031, 3, 9))
    await world.clock.sleep(30)
    again = [await world.process().create(ACCOUNT, command) for command in commands]
    ids = [one.reading.activity.activity_id for one in again if one]
    assert ids == [one.activity.activity_id for one in (first, second, third)]
    assert len(world.company.living()) == len(commands)


async def test_a_persons_own_activity_at_the_same_time_is_not_taken_for_ours():
    world = World()
    command = _command()
    world.company.failures_of["create"] = [UncertainError("never carried out")]
    with pytest.raises(UncertainError):
        await world.process().create(ACCOUNT, command)
    own = world.company.put(
        42, **DRAFT.model_dump(exclude={"guests", "subject"}) | {"subject": "My own"}
    )
    await world.clock.sleep(30)
    again = await world.process().create(ACCOUNT, command)
    assert again is not None
    assert again.reading.activity.activity_id != own.activity.activity_id
    assert len(world.company.living()) == 2


async def _in_doubt_of_an_edited_one(world: World, command: CreateActivity) -> None:
    """The answer to a create is lost, and somebody edits what it has made."""
    world.company.lost_answers = 1
    with pytest.raises(UncertainError):
        await world.process().create(ACCOUNT, command)
    [made] = world.company.living()
    await world.clock.sleep(5)
    world.company.put(42, activity_id=made.activity.activity_id, subject="Mine")
    await world.clock.sleep(30)


async def test_what_an_older_draft_made_and_somebody_edited_is_found_and_left_as_it_is():
    world, command = World(), _command()
    await _in_doubt_of_an_edited_one(world, command)
    newer = DRAFT.model_copy(update={"subject": "Theirs", "location": "Room 2"})
    again = await world.process().create(
        ACCOUNT, command.model_copy(update={"revision": 2, "draft": newer})
    )
    [left] = world.company.living()
    assert again is not None
    assert (again.found, again.likely) == (True, True)
    assert (left.activity.subject, left.activity.location) == ("Mine", "")


@pytest.mark.rule("7.4")
@pytest.mark.parametrize("step", range(1, 14))
async def test_what_only_seems_to_be_ours_seems_so_whenever_a_process_dies(step: int):
    world, command = World(), _command()
    await _in_doubt_of_an_edited_one(world, command)
    with contextlib.suppress(Crash):
        await world.process(dies_after=step).create(ACCOUNT, command)
    await world.clock.sleep(30)
    again = await world.process().create(ACCOUNT, command)
    assert again is not None
    assert (again.found, again.likely) == (True, True)
    assert len(world.company.living()) == 1


async def test_what_is_edited_after_it_was_made_for_sure_does_not_only_seem_ours():
    world, command = World(), _command()
    made = await world.create(command)
    assert made is not None
    world.company.put(42, activity_id=made.activity.activity_id, subject="Mine")
    again = await world.process().create(ACCOUNT, command)
    assert again is not None
    assert (again.found, again.likely) == (True, False)


@pytest.mark.rule("7.4")
@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(EDITS[:2])), max_size=2),
    st.integers(0, 4),
)
def test_no_create_ever_takes_what_another_one_has(
    meetings: list[tuple[int, int]], edits: list[tuple[int, dict[str, Any]]], lost: int
):
    """Titles and times in common, edits before the answers are known: each has one of its own."""

    async def run() -> None:
        world = World()
        world.company.lost_answers = lost
        commands = [
            _command(
                draft=DRAFT.model_copy(
                    update={"subject": f"T{title}", "due_date": date(2031, 4, 1 + day)}
                )
            )
            for title, day in meetings
        ]
        made: dict[Any, Reading] = {}
        for command in commands:
            try:
                done = await world.process().create(ACCOUNT, command)
            except UncertainError:
                continue
            assert done is not None
            made[command.link_id] = done.reading
        await world.clock.sleep(3)
        for place, edit in edits:
            if place < len(world.company.living()):
                one = world.company.living()[place].activity
                world.company.put(42, activity_id=one.activity_id, **edit)
        await world.clock.sleep(30)
        for command in commands:
            again = await world.create(command)
            assert again is not None
            made[command.link_id] = again
        ids = {one.activity.activity_id for one in made.values()}
        assert len(ids) == len(commands)

    asyncio.run(run())
