"""A bounded number of pieces is worked on at a time, and none is lost on the way out."""

import asyncio

from tandem.runtime.work_pool import WorkPool


class Bench:
    """Gives numbers to work on, and lets each be finished by hand."""

    def __init__(self, pieces: list[int]) -> None:
        self.waiting = pieces
        self.begun: list[int] = []
        self.finished: list[int] = []
        self.gates: dict[int, asyncio.Event] = {}

    async def claim(self, most: int) -> list[int]:
        taken, self.waiting = self.waiting[:most], self.waiting[most:]
        return taken

    async def work(self, piece: int) -> None:
        self.begun.append(piece)
        await self.gates.setdefault(piece, asyncio.Event()).wait()
        self.finished.append(piece)


async def test_no_more_is_claimed_than_there_is_room_for():
    bench = Bench(list(range(5)))
    pool = WorkPool("test", claim=bench.claim, work=bench.work, most=2)
    await pool.round()
    await pool.round()
    await asyncio.sleep(0)
    assert bench.begun == [0, 1]
    bench.gates[0].set()
    await asyncio.wait_for(pool.wait(60), 5)
    await pool.round()
    await asyncio.sleep(0)
    assert bench.begun == [0, 1, 2]
    for piece in (1, 2):
        bench.gates[piece].set()
    await pool.drain()
    assert sorted(bench.finished) == [0, 1, 2]
    assert bench.waiting == [3, 4]


async def test_work_that_fails_makes_room_for_other_work():
    async def claim(_most: int) -> list[int]:
        return [1]

    async def fail(_piece: int) -> None:
        raise RuntimeError("a bug")

    pool = WorkPool("test", claim=claim, work=fail, most=1)
    await pool.round()
    await asyncio.wait_for(pool.wait(60), 5)
    await pool.drain()


async def test_a_wake_before_the_wait_is_not_missed():
    bench = Bench([])
    pool = WorkPool("test", claim=bench.claim, work=bench.work, most=1)
    pool.wake()
    await asyncio.wait_for(pool.wait(60), 5)
