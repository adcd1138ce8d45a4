"""Start, pause, resume, another calendar, resync: which reading follows, and that it does once."""

from tests.integration.settings_api.browser import Browser, refused
from tests.integration.settings_api.house import House

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
    await anna.patch(connection, json={"calendar_id": "team"})
    await anna.post(f"{connection}/pause")
    await anna.post(f"{connection}/resume")
    refused(await anna.post(f"{connection}/resync"), 409, "status")
    assert await house.requests() == []


async def test_another_calendar_takes_the_place_of_one_that_is_gone(
    house: House, anna: Browser, connection: str
):
    await anna.post(f"{connection}/start")
    await house.report(connection, HealthSignal.CALENDAR_GONE)
    await house.status_becomes(anna, connection, "calendar_gone")
    answer = await anna.patch(connection, json={"calendar_id": "team"})
    assert answer.json()["status"] == "active"
    assert (await house.requests())[-1] == "backfill_requested"
