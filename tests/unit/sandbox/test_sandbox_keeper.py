"""A state file is whole at any moment, and written only when something changed."""

import asyncio
import json
from datetime import timedelta

import pytest

from tandem_sandbox.accounts import company
from tandem_sandbox.keeper import Keeper
from tandem_sandbox.settings import SandboxSettings
from tandem_sandbox.world import World


@pytest.fixture
def world() -> World:
    return World(SandboxSettings())


@pytest.fixture
def file(tmp_path):
    return tmp_path / "deeper" / "state.json"


def test_nothing_is_written_where_nothing_changed(world, file):
    keeper = Keeper(world, file, seconds=60)
    keeper.keep()
    file.unlink()
    keeper.keep()
    assert not file.exists()
    world.touch()
    keeper.keep()
    assert file.exists()


def test_only_the_whole_file_stays(world, file):
    Keeper(world, file, seconds=60).keep()
    assert [one.name for one in file.parent.iterdir()] == ["state.json"]
    assert json.loads(file.read_text()) == world.dump()


async def test_a_new_world_takes_over_all_of_the_old_one(world, file):
    world.seed(company(3, "West"))
    world.clock.advance(timedelta(days=3))
    world.deliveries.time_scale = 0.5
    world.pipedrive.deleted_reads = "gone"
    Keeper(world, file, seconds=60).keep()
    again = World(SandboxSettings())
    keeper = Keeper(again, file, seconds=60)
    keeper.start()
    await keeper.stop()
    assert again.dump() == world.dump()
    assert again.accounts == world.accounts
    assert abs(again.clock.now() - world.clock.now()) < timedelta(seconds=5)


async def test_changes_are_written_without_being_asked(world, file):
    keeper = Keeper(world, file, seconds=0.01)
    keeper.start()
    async with asyncio.timeout(10):
        while True:
            if file.exists() and json.loads(file.read_text())["time_scale"] == 0.25:
                break
            world.deliveries.time_scale = 0.25
            world.touch()
            await asyncio.sleep(0.01)
    await keeper.stop()


async def test_the_last_change_is_written_at_the_end(world, file):
    keeper = Keeper(world, file, seconds=60)
    keeper.start()
    world.seed(company(3, "West"))
    await keeper.stop()
    assert [one["id"] for one in json.loads(file.read_text())["pipedrive"]["companies"]] == [
        1001,
        2002,
        3,
    ]


def test_a_state_of_another_format_is_refused(world):
    with pytest.raises(ValueError, match="format: 99"):
        world.load({**world.dump(), "format": 99})
