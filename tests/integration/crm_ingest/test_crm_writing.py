"""Writing: every command has one outcome and at most one write, whatever happens in between."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.integration.crm_ingest.office import (
    ANNA,
    BORIS,
    DRAFT,
    TRACE,
    TRACE_ID,
    Office,
    create,
    delete,
    until,
    update,
)

from crm_ingest.crm import RefusedError
from tandem.contracts.connections import ConnectionStatus, HealthSignal
from tandem.contracts.meetings import MeetingField, Side
from tandem.contracts.outcomes import ActivityWritten, Rejection, WriteRejected
from tandem.contracts.topics import SYNC_OUTCOMES
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import Retryable


async def _connect_silently(office: Office, connection_id: UUID) -> None:
    """Put a connection where a process without a reader finds it."""
    await office.query(
        "INSERT INTO crm.connections (connection_id, revision, company_id, user_id, credential_id,"
        " api_url, owner_email, include_contact, status)"
        " VALUES ($1, 1, 7, 42, $2, 'http://127.0.0.1:1', 'owner@example.com', false, 'active')",
        connection_id,
        uuid4(),
    )


async def test_a_create_tells_what_came_back_and_carries_the_commands_trace(office: Office):
    async with office.service():
        command = create(await office.connect())
        await office.command(command, trace=TRACE)
        [outcome] = await office.outcomes(1)
    [made] = office.company.living()
    assert isinstance(outcome, ActivityWritten)
    assert (outcome.link_id, outcome.revision) == (command.link_id, 1)
    assert outcome.activity == made.activity
    assert (made.activity.owner_id, made.activity.type) == (ANNA.user_id, "meeting")
    # A relay that was stopped between publishing and noting it publishes again.
    taken = office.taken[SYNC_OUTCOMES.name]
    assert {one.body.message_id for one in taken} == {outcome.message_id}
    assert {one.key for one in taken} == {ANNA.key}
    assert {one.trace_id for one in taken} == {TRACE_ID}


async def test_a_repeated_command_has_the_same_outcome_without_a_second_write(office: Office):
    async with office.service():
        command = create(await office.connect())
        await office.command(command)
        await office.outcomes(1)
        await office.command(command)
        first, second = await office.outcomes(2)
    assert first == second
    assert office.company.writes == 1


async def test_an_older_revision_than_one_carried_out_is_dropped(office: Office):
    async with office.service():
        connection_id = await office.connect()
        newer = create(connection_id, revision=5)
        await office.command(newer)
        await office.outcomes(1)
        await office.command(newer.model_copy(update={"revision": 4}))
        marker = create(connection_id)
        await office.command(marker)
        outcomes = await office.outcomes(2)
        await office.idle()
    assert [(one.link_id, one.revision) for one in outcomes] == [
        (newer.link_id, 5),
        (marker.link_id, 1),
    ]
    assert office.company.writes == 2


async def test_a_create_whose_answer_was_lost_makes_one_activity(office: Office):
    office.company.lost_answers = 1
    async with office.service():
        await office.command(create(await office.connect()))
        [outcome] = await office.outcomes(1)
    [made] = office.company.living()
    assert outcome.activity == made.activity
    assert office.company.writes == 1


@pytest.mark.parametrize(
    "edit",
    [
        {"subject": "Edited at once"},
        {"due_date": date(2031, 3, 9)},
        {"type": "call"},
        {"owner_id": BORIS.user_id},
    ],
    ids=str,
)
async def test_an_activity_edited_before_its_create_was_known_is_found(
    office: Office, edit: dict[str, Any]
):
    async with office.service(roles="writer,web"):
        command = create(uuid4())
        await _connect_silently(office, command.connection_id)
        await office.command(command)
        [first] = await office.outcomes(1)
        await office.query("DELETE FROM crm.outcomes")
        await office.query("UPDATE crm.create_intents SET activity_id = NULL, leased_until = now()")
        edited = office.company.put(
            **{"owner_id": ANNA.user_id, "activity_id": first.activity_id} | edit
        )
        await office.command(command)
        _, second = await office.outcomes(2)
    assert (first.found, second.found) == (False, True)
    assert second.activity == edited.activity
    assert office.company.living() == [edited]


@pytest.mark.rule("7.4")
async def test_an_activity_that_only_seems_to_be_ours_seems_so_after_a_crash_too(office: Office):
    """The process died after the create had claimed what it found, before its outcome was kept."""
    async with office.service(roles="writer,web"):
        command = create(uuid4())
        await _connect_silently(office, command.connection_id)
        await office.command(command)
        [made] = await office.outcomes(1)
        await office.query("DELETE FROM crm.outcomes")
        await office.query("UPDATE crm.create_intents SET activity_id = NULL, leased_until = now()")
        office.company.put(ANNA.user_id, activity_id=made.activity_id, subject="Edited at once")
        await office.command(command)
        await office.outcomes(2)
        await office.query("DELETE FROM crm.outcomes")
        await office.command(command)
        outcomes = await office.outcomes(3)
    assert [(one.found, one.likely) for one in outcomes] == [
        (False, False),
        (True, True),
        (True, True),
    ]
    assert {one.activity_id for one in outcomes} == {made.activity_id}


async def test_a_create_that_a_crash_interrupted_makes_one_activity(office: Office):
    """The process died after the create was carried out, before its answer was kept."""
    async with office.service(roles="writer,web"):
        command = create(uuid4())
        await _connect_silently(office, command.connection_id)
        await office.command(command)
        await office.outcomes(1)
        await office.query("DELETE FROM crm.outcomes")
        await office.query("UPDATE crm.create_intents SET activity_id = NULL, leased_until = now()")
        await office.command(command)
        first, second = await office.outcomes(2)
    assert first.activity == second.activity
    assert office.company.writes == 1


async def test_a_create_that_was_never_carried_out_is_sent_again(office: Office):
    async with office.service(roles="writer,web"):
        command = create(uuid4())
        await _connect_silently(office, command.connection_id)
        await office.query(
            "INSERT INTO crm.create_intents (link_id, generation, company_id,"
            " leased_until, sent_at) VALUES ($1, 0, 7, now(), now())",
            command.link_id,
        )
        await office.command(command)
        await office.outcomes(1)
    assert len(office.company.living()) == 1


async def test_two_equal_drafts_in_doubt_make_two_activities(office: Office):
    office.company.lost_answers = 2
    async with office.service():
        connection_id = await office.connect()
        for _ in range(2):
            await office.command(create(connection_id))
        outcomes = await office.outcomes(2)
    made = {one.activity.activity_id for one in office.company.living()}
    assert {one.activity_id for one in outcomes} == made
    assert len(made) == 2
    assert office.company.writes == 2


async def test_a_persons_own_equal_activity_of_long_ago_is_not_taken_for_ours(office: Office):
    own = office.company.put(
        ANNA.user_id,
        added_at=datetime.now(UTC) - timedelta(hours=1),
        subject=DRAFT.subject,
        due_date=DRAFT.due_date,
        due_time=DRAFT.due_time,
        duration_minutes=DRAFT.duration_minutes,
    )
    office.company.failures_of["create"] = [TimeoutError()]
    office.company.lost_answers = 1
    async with office.service():
        await office.command(create(await office.connect()))
        [outcome] = await office.outcomes(1)
    assert outcome.activity_id != own.activity.activity_id
    assert len(office.company.living()) == 2


async def test_the_same_command_at_two_processes_is_carried_out_once(office: Office):
    async with office.service(), office.service():
        connection_id = await office.connect()
        commands = [create(connection_id) for _ in range(20)]
        for _ in range(2):
            for command in commands:
                await office.command(command)
        await until(
            lambda: (
                len({one.link_id for one in office.bodies(SYNC_OUTCOMES, ActivityWritten)})
                == len(commands)
            ),
            what="all outcomes",
        )
        await office.idle()
    assert office.company.writes == len(commands)


async def test_an_update_changes_the_named_fields_and_nothing_else(office: Office):
    before = office.company.put(ANNA.user_id, subject="Visit", location="Room 1", type="call")
    async with office.service():
        connection_id = await office.connect()
        command = update(
            connection_id,
            before.activity.activity_id,
            before.activity.updated_at,
            MeetingField.TITLE,
        )
        await office.command(command)
        [outcome] = await office.outcomes(1)
    assert isinstance(outcome, ActivityWritten)
    assert outcome.activity is not None
    assert outcome.activity.updated_at > before.activity.updated_at
    stamp = {"updated_at": outcome.activity.updated_at}
    assert outcome.activity == before.activity.model_copy(update={"subject": "Lunch", **stamp})


async def test_an_update_of_what_is_so_already_writes_nothing(office: Office):
    before = office.company.put(ANNA.user_id, subject=DRAFT.subject)
    async with office.service():
        command = update(
            await office.connect(),
            before.activity.activity_id,
            before.activity.updated_at,
            MeetingField.TITLE,
        )
        await office.command(command)
        [outcome] = await office.outcomes(1)
    assert outcome.activity == before.activity
    assert office.company.writes == 0


async def test_stale_commands_are_rejected_with_what_the_activity_is_now(office: Office):
    before = office.company.put(ANNA.user_id, subject="Visit")
    activity_id = before.activity.activity_id
    now = office.company.put(ANNA.user_id, activity_id=activity_id, subject="Moved by Anna")
    async with office.service():
        connection_id = await office.connect()
        seen_at = before.activity.updated_at
        await office.command(update(connection_id, activity_id, seen_at, MeetingField.TITLE))
        await office.command(delete(connection_id, activity_id, seen_at))
        outcomes = await office.outcomes(2)
    assert {one.rejection for one in outcomes} == {Rejection.STALE}
    assert {one.side for one in outcomes} == {Side.CRM}
    assert all(one.activity == now.activity for one in outcomes)
    assert office.company.writes == 0


async def test_an_edit_within_the_second_that_was_seen_makes_commands_stale(office: Office):
    before = office.company.put(ANNA.user_id, subject="Visit")
    activity_id, seen_at = before.activity.activity_id, before.activity.updated_at
    now = office.company.put(ANNA.user_id, activity_id=activity_id, done=True, updated_at=seen_at)
    seen = {"seen_fingerprint": before.activity.fingerprint}
    async with office.service():
        connection_id = await office.connect()
        title = MeetingField.TITLE
        await office.command(update(connection_id, activity_id, seen_at, title, **seen))
        await office.command(delete(connection_id, activity_id, seen_at, **seen))
        outcomes = await office.outcomes(2)
    assert {one.rejection for one in outcomes} == {Rejection.STALE}
    assert all(one.activity == now.activity for one in outcomes)
    assert office.company.writes == 0


async def test_an_update_of_a_deleted_activity_is_rejected_and_a_delete_is_done(office: Office):
    before = office.company.put(ANNA.user_id)
    activity_id, seen_at = before.activity.activity_id, before.activity.updated_at
    office.company.take_away(activity_id)
    async with office.service():
        connection_id = await office.connect()
        await office.command(update(connection_id, activity_id, seen_at, MeetingField.TITLE))
        [gone] = await office.outcomes(1)
        await office.command(delete(connection_id, activity_id, seen_at))
        _, deleted = await office.outcomes(2)
    assert (type(gone), gone.rejection) == (WriteRejected, Rejection.GONE)
    assert (type(deleted), deleted.activity) == (ActivityWritten, None)
    assert office.company.writes == 0


async def test_a_delete_deletes(office: Office):
    before = office.company.put(ANNA.user_id)
    async with office.service():
        await office.command(
            delete(await office.connect(), before.activity.activity_id, before.activity.updated_at)
        )
        [outcome] = await office.outcomes(1)
    assert outcome.activity is None
    assert office.company.living() == []


async def test_a_refusal_is_told_with_pipedrives_reason(office: Office):
    async with office.service():
        connection_id = await office.connect()
        office.company.failures_of["create"] = [RefusedError("400 type: is not known")]
        command = create(connection_id)
        await office.command(command)
        [outcome] = await office.outcomes(1)
        await office.command(command.model_copy(update={"revision": 2}))
        outcomes = await office.outcomes(2)
    assert (outcome.rejection, outcome.detail) == (Rejection.REFUSED, "400 type: is not known")
    assert isinstance(outcomes[1], ActivityWritten)


async def test_a_lost_grant_rejects_and_the_same_command_works_after_the_reconnect(office: Office):
    async with office.service(roles="writer,web"):
        command = create(uuid4())
        await _connect_silently(office, command.connection_id)
        office.company.failures_of["create"] = [GrantLostError("revoked")]
        await office.command(command)
        [lost] = await office.outcomes(1)
        await office.signalled(HealthSignal.GRANT_LOST)
        await office.command(command)
        _, written = await office.outcomes(2)
    assert lost.rejection is Rejection.AUTH_LOST
    assert isinstance(written, ActivityWritten)


async def test_a_throttled_command_waits_and_holds_up_nobody(office: Office):
    async with office.service():
        first = create(await office.connect(ANNA))
        other = create(await office.connect(BORIS), user=BORIS)
        office.company.refusing[ANNA.user_id] = Retryable("rate limit", retry_after_s=1.0)
        await office.command(first)
        await office.command(other)
        [outcome] = await office.outcomes(1)
        assert outcome.user == BORIS
        await until(
            lambda: office.query("SELECT 1 FROM crm.parked_commands WHERE attempts > 0"),
            what="the command is parked",
        )
        office.company.refusing.clear()
        outcomes = await office.outcomes(2)
    assert outcomes[1].user == ANNA
    assert office.company.writes == 2


async def test_what_a_person_waits_for_comes_before_the_backfill(office: Office):
    connection_id = uuid4()
    async with office.service(roles="writer,web", writes_max=1):
        for _ in range(15):
            await office.command(create(connection_id, backfill=True))
        urgent = create(connection_id)
        await office.command(urgent)
        await until(
            lambda: office.query("SELECT 1 FROM crm.parked_commands HAVING count(*) = 16"),
            what="all are queued",
        )
        await _connect_silently(office, connection_id)
        outcomes = await office.outcomes(16)
    assert outcomes[0].link_id == urgent.link_id
    assert len({one.link_id for one in outcomes}) == 16


@pytest.mark.parametrize("status", [ConnectionStatus.PAUSED, ConnectionStatus.SETTING_UP])
async def test_a_paused_or_unstarted_connection_holds_its_commands(
    office: Office, status: ConnectionStatus
):
    async with office.service():
        paused = await office.connect(ANNA, status=status)
        held, other = create(paused), create(await office.connect(BORIS), user=BORIS)
        await office.command(held)
        await office.command(other)
        [outcome] = await office.outcomes(1)
        assert outcome.link_id == other.link_id
        await office.connect(ANNA, connection_id=paused, revision=2)
        outcomes = await office.outcomes(2)
    assert outcomes[1].link_id == held.link_id


async def test_an_unknown_error_holds_up_no_other_command(office: Office):
    async with office.service():
        connection_id = await office.connect()
        office.company.failures_of["create"] = [RuntimeError("a bug")]
        for _ in range(2):
            await office.command(create(connection_id))
        outcomes = await office.outcomes(2)
    assert all(isinstance(one, ActivityWritten) for one in outcomes)
    assert len({one.link_id for one in outcomes}) == 2


async def test_commands_taken_before_a_stop_are_carried_out_after_the_next_start(office: Office):
    connection_id = uuid4()
    commands = [create(connection_id) for _ in range(30)]
    async with office.service():
        for command in commands:
            await office.command(command)
        await until(
            lambda: office.query("SELECT 1 FROM crm.parked_commands HAVING count(*) = 30"),
            what="all are queued",
        )
    async with office.service():
        await office.connect(connection_id=connection_id)
        outcomes = await office.outcomes(30)
    assert {one.link_id for one in outcomes} == {one.link_id for one in commands}
    assert office.company.writes == 30
