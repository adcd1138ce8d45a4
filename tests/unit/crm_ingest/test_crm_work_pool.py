"""A bounded number of pieces is worked on at a time, and none is lost on the way out."""

import asyncio

from crm_ingest.work_pool import WorkPool


async def test_no_more_is_claimed_than_there_is_room_for():
    waiting, begun, finished = list(range(5)), [], []
    gates = {piece: asyncio.Event() for piece in waiting}

    async def claim(most: int) -> list[int]:
        taken = waiting[:most]
        del waiting[:most]
        return taken

    async def work(piece: int) -> None:
        begun.append(piece)
        await gates[piece].wait()
        finished.append(piece)

    pool = WorkPool("test", claim=claim, work=work, most=2)
    for _ in range(2):
        await pool.round()
        await asyncio.sleep(0)
    assert begun == [0, 1]
    gates[0].set()
    await asyncio.wait_for(pool.wait(60), 5)
    await pool.round()
    await asyncio.sleep(0)
    assert begun == [0, 1, 2]
    for gate in gates.values():
        gate.set()
    await pool.drain()
    assert sorted(finished) == [0, 1, 2]
    assert waiting == [3, 4]


async def test_work_that_fails_makes_room_for_other_work():
    async def claim(_most: int) -> list[int]:
        return [1]

    async def fail(_piece: int) -> None:
        raise RuntimeError("a bug")

    pool = WorkPool("test", claim=claim, work=fail, most=1)
    await pool.round()
    await asyncio.wait_for(pool.wait(60), 5)
    await pool.drain()
