"""Start, pause, resume, another calendar, resync: which reading follows, and that it does once."""

from tests.integration.settings_rest.house import Browser, House, problem

from tandem.contracts.connections import HealthSignal
from tandem.contracts.topics import SYNC_REQUESTS


async def test_the_start_is_told_before_its_backfill(house: House, anna: Browser, connection: str):
    await anna.post(f"{connection}/start")
    rows = await house.query("SELECT topic FROM public.published ORDER BY id")
    assert rows[-1]["topic"] == SYNC_REQUESTS.name


async def test_resuming_by_the_setting_reads_again_too(
    house: House, anna: Browser, connection: str
):
    await anna.post(f"{connection}/start")
    await anna.patch(connection, json={"paused": True})
    await anna.patch(connection, json={"paused": False})
    assert (await house.requests())[-1] == "resync_requested"


async def test_nothing_is_read_before_the_start(house: House, anna: Browser, connection: str):
    await anna.patch(connection, json={"calendar_id": "second"})
    await anna.post(f"{connection}/pause")
    await anna.post(f"{connection}/resume")
    problem(await anna.post(f"{connection}/resync"), 409, "status")
    assert await house.requests() == []


async def test_a_resync_can_be_asked_for(house: House, anna: Browser, connection: str):
    await anna.post(f"{connection}/start")
    assert (await anna.post(f"{connection}/resync")).status_code == 202
    assert await house.requests() == ["backfill_requested", "resync_requested"]


async def test_another_calendar_takes_the_place_of_one_that_is_gone(
    house: House, anna: Browser, connection: str
):
    await anna.post(f"{connection}/start")
    await house.report(connection.rpartition("/")[2], "calendar-ingest", HealthSignal.CALENDAR_GONE)
    await house.status_becomes(anna, connection, "calendar_gone")
    answer = await anna.patch(connection, json={"calendar_id": "second"})
    assert answer.json()["status"] == "active"
    assert (await house.requests())[-1] == "backfill_requested"
