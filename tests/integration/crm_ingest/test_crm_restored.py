"""The schema was put back to a backup: everybody is read anew, and nothing old is written."""

from types import SimpleNamespace
from uuid import UUID

from tests.integration.crm_ingest.office import (
    ANNA,
    DRAFT,
    Office,
    connection_changed,
    create,
    until,
)

from crm_ingest.repository.commands import Commands
from tandem.contracts.activities import ActivitiesResynced, ActivityGone, ActivityObserved
from tandem.contracts.connections import ConnectionStatus, HealthSignal
from tandem.contracts.topics import CRM_ACTIVITIES, SETTINGS_CONNECTIONS
from tandem.runtime.postgres import open_pool
from tandem.runtime.restored import note_restore
from tandem.runtime.subscriptions import Delivery


async def test_everybody_is_read_and_watched_anew_and_no_old_command_is_carried_out(office: Office):
    stays = office.company.put(ANNA.user_id).activity.activity_id
    goes = office.company.put(ANNA.user_id).activity.activity_id
    async with office.service():
        connection_id = await office.connect()
        await office.backfill()
        await office.observed(1, ActivitiesResynced)
        await office.signalled(HealthSignal.PUSH_UP)
    await office.command(create(connection_id, draft=_titled("Old")))
    office.company.take_away(goes)
    new = office.company.put(ANNA.user_id).activity.activity_id
    seen = len(office.taken[CRM_ACTIVITIES.name])

    await note_restore(office.database_url, "crm-ingest")
    async with office.service():
        await office.observed(2, ActivitiesResynced)
        await office.signalled(HealthSignal.PUSH_UP, HealthSignal.PUSH_UP)
        await office.command(create(connection_id, draft=_titled("New")))
        [outcome] = await office.outcomes(1)
        await until(lambda: office.bodies(CRM_ACTIVITIES, ActivityGone), what="the deletion")
    told = [taken.body for taken in office.taken[CRM_ACTIVITIES.name]][seen:]
    assert {one.activity_id for one in told if isinstance(one, ActivityGone)} == {goes}
    observed = {one.activity.activity_id for one in told if isinstance(one, ActivityObserved)}
    assert observed >= {stays, new}
    assert outcome.activity.subject == "New"
    assert office.company.writes == 1


async def test_commands_that_wait_are_kept_only_for_a_connection_that_was_being_removed(
    office: Office,
):
    async with office.service():
        removed, other = [await office.connect(status=ConnectionStatus.PAUSED) for _ in range(2)]
        commands = [create(removed), create(other)]
        for command in commands:
            await office.command(command)
        await until(lambda: _are_waiting(office, 2), what="both commands wait")
    await office.query(
        "UPDATE crm.connections SET removed_at = now() WHERE connection_id = $1", removed
    )
    await note_restore(office.database_url, "crm-ingest")
    assert await _waiting(office) == [removed]
    await office.query("DELETE FROM crm.parked_commands")
    pool = await open_pool(office.database_url, connections_max=1)
    kept = Commands(SimpleNamespace(pool=pool))
    await kept.queue([Delivery(command, None) for command in commands])
    await pool.close()
    assert await _waiting(office) == [removed]


async def test_a_create_without_an_answer_is_nobodys_rival_any_more(office: Office):
    async with office.service():
        await office.publish(SETTINGS_CONNECTIONS, connection_changed())
    await office.query(
        "INSERT INTO crm.create_intents (link_id, generation, company_id,"
        " leased_until, sent_at, activity_id)"
        " SELECT gen_random_uuid(), 0, 7, now(), now(), known"
        " FROM unnest(ARRAY[NULL, 12]::bigint[]) AS known"
    )
    await note_restore(office.database_url, "crm-ingest")
    kept = await office.query("SELECT activity_id FROM crm.create_intents")
    assert [row["activity_id"] for row in kept] == [12]


def _titled(subject: str):
    return DRAFT.model_copy(update={"subject": subject})


async def _waiting(office: Office) -> list[UUID]:
    rows = await office.query("SELECT connection_id FROM crm.parked_commands")
    return [row["connection_id"] for row in rows]


async def _are_waiting(office: Office, count: int) -> bool:
    return len(await _waiting(office)) == count
