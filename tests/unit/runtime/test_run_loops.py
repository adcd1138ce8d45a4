"""Run loops: they go on after an error, and stop when they are told to."""

import asyncio
from datetime import timedelta

from tests.unit.runtime.doubles import FakeClock, until

from tandem.runtime import loops as module
from tandem.runtime.health import Health
from tandem.runtime.loops import Loops


async def _at_once(_seconds):
    await asyncio.sleep(0)


async def test_a_failed_round_is_followed_by_the_next(monkeypatch):
    monkeypatch.setattr(module, "PAUSE_AFTER_ERROR_S", 0.001)
    rounds = []

    async def once():
        rounds.append(1)
        if len(rounds) % 2:
            raise KeyError("bug")

    loops = Loops(Health(FakeClock()))
    loops.every(0.001, "shaky", once, wait=_at_once)
    loops.start()
    await until(lambda: len(rounds) > 5)
    await loops.stop()
    done = len(rounds)
    await asyncio.sleep(0)
    assert len(rounds) == done


async def test_one_loop_that_hangs_does_not_keep_another_from_running():
    rounds = []
    never = asyncio.Event()

    async def once():
        rounds.append(1)

    async def hang():
        await never.wait()

    loops = Loops(Health(FakeClock()))
    loops.every(1, "hanging", hang)
    loops.every(1, "running", once, wait=_at_once)
    loops.start()
    await until(lambda: len(rounds) > 3)
    await loops.stop()


async def test_a_round_that_hangs_is_noticed_and_a_long_wait_is_not():
    clock = FakeClock()
    health = Health(clock)
    never, waits = asyncio.Event(), []

    async def once():
        return

    async def hang():
        await never.wait()

    async def wait(seconds):
        waits.append(seconds)
        await never.wait()

    loops = Loops(health)
    loops.every(3600, "tidy", once, wait=wait)
    loops.every(1, "hanging", hang)
    loops.start()
    await until(lambda: waits == [3600])
    clock.moment += timedelta(hours=1)
    assert health.stuck() == ["hanging"]
    await loops.stop()


async def test_a_cancellation_that_is_swallowed_is_repeated(monkeypatch):
    monkeypatch.setattr(module, "CANCEL_AGAIN_S", 0.01)
    swallowed: list[int] = []

    async def once():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if swallowed:
                raise
            swallowed.append(1)
            await asyncio.Event().wait()

    loops = Loops(Health(FakeClock()))
    loops.every(1, "stubborn", once)
    loops.start()
    await asyncio.sleep(0)
    await loops.stop()
    assert swallowed == [1]


async def test_stopping_what_was_never_started_is_fine():
    await Loops(Health(FakeClock())).stop()
