"""Sweeps and full reads find what no webhook told, and tell nothing twice."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from tests.integration.crm_ingest.office import ANNA, BORIS, TRACE_ID, Office, create, until

from crm_ingest.crm import Reading
from crm_ingest.repository.activities import KnownActivities, Published
from tandem.contracts.activities import (
    ActivitiesResynced,
    ActivityGone,
    ActivityObserved,
    DealContact,
)
from tandem.contracts.connections import (
    ConnectionHealthReported,
    ConnectionStatus,
    HealthSignal,
)
from tandem.contracts.message import SyncUser
from tandem.contracts.requests import ResyncRequested, Scope
from tandem.contracts.topics import CRM_ACTIVITIES, SYNC_HEALTH, SYNC_REQUESTS
from tandem.runtime.failures import Retryable

SOON = (datetime.now(UTC) + timedelta(days=3)).date()


def _id(reading: Reading) -> int:
    return reading.activity.activity_id


async def test_a_sweep_tells_what_changed_once(office: Office):
    async with office.service():
        await office.connect()
        visit = office.company.put(ANNA.user_id, subject="Unheard")
        office.company.put(BORIS.user_id, subject="Not hers")
        await office.swept()
        await office.swept()
        [observed] = await office.observed(1, ActivityObserved)
        assert observed.activity == visit.activity
        changed = office.company.put(ANNA.user_id, activity_id=_id(visit), subject="Heard")
        await office.swept()
        observed = await office.observed(2, ActivityObserved)
    assert [one.activity for one in observed[1:]] == [changed.activity]


async def test_a_sweep_asks_for_what_changed_since_the_one_before_with_an_overlap(office: Office):
    async with office.service():
        await office.connect()
        await office.swept()
        before = datetime.now(UTC)
        await office.swept()
        [row] = await office.query("SELECT swept_at FROM crm.sync_users")
        assert row["swept_at"] >= before
        office.company.page_size = 2
        old = office.company.put(ANNA.user_id)
        office.company.age(_id(old), timedelta(hours=1))
        late = [office.company.put(ANNA.user_id) for _ in range(5)]
        for reading in late:
            office.company.age(_id(reading), timedelta(minutes=2))
        await office.swept()
        observed = await office.observed(5, ActivityObserved)
    assert {one.activity.activity_id for one in observed} == {_id(one) for one in late}


async def test_a_new_connection_is_read_before_its_start_and_not_called_synced(office: Office):
    before = office.company.put(ANNA.user_id, subject="Before")
    async with office.service():
        connection_id = await office.connect(status=ConnectionStatus.SETTING_UP)
        await office.observed(1, ActivitiesResynced)
        meanwhile = office.company.put(ANNA.user_id, subject="Meanwhile")
        await office.hint(_id(meanwhile))
        observed = await office.observed(2, ActivityObserved)
        assert [one.activity for one in observed] == [before.activity, meanwhile.activity]
        assert HealthSignal.SYNCED not in _signals(office)
        await office.connect(connection_id=connection_id, revision=2)
        await office.backfill()
        await office.observed(2, ActivitiesResynced)
        await until(lambda: HealthSignal.SYNCED in _signals(office), what="the report")


async def test_a_start_that_is_heard_of_after_its_backfill_is_called_synced_at_once(office: Office):
    async with office.service():
        connection_id = await office.connect(status=ConnectionStatus.SETTING_UP)
        await office.observed(1, ActivitiesResynced)
        await office.backfill()
        await office.observed(2, ActivitiesResynced)
        await office.idle()
        await office.connect(connection_id=connection_id, revision=2)
        await until(lambda: HealthSignal.SYNCED in _signals(office), what="the report")


def _signals(office: Office) -> set[HealthSignal]:
    return {one.signal for one in office.bodies(SYNC_HEALTH, ConnectionHealthReported)}


@pytest.mark.parametrize("shown", [True, False], ids=["marked_deleted", "not_found"])
async def test_a_deletion_that_no_webhook_told_is_found(office: Office, *, shown: bool):
    office.company.deleted_are_shown = shown
    visit = office.company.put(ANNA.user_id, due_date=SOON)
    kept = office.company.put(ANNA.user_id, due_date=SOON)
    async with office.service():
        await office.connect()
        await office.backfill()
        await office.observed(1, ActivitiesResynced)
        office.company.take_away(_id(visit))
        await office.swept()
        [gone] = await office.observed(1, ActivityGone)
        await office.idle()
        await office.swept()
        await office.idle()
    assert gone.activity_id == _id(visit)
    assert len(office.bodies(CRM_ACTIVITIES, ActivityGone)) == 1
    assert {_id(one) for one in office.company.living()} == {_id(kept)}


async def test_a_deletion_is_told_although_the_sweep_died_between_telling_and_keeping(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    kept = KnownActivities.store

    async def dying(known: KnownActivities, published: Sequence[Published]) -> None:
        if any(one.fingerprint for one in published):
            raise Retryable("died")
        await kept(known, published)

    office.company.deleted_are_shown = False
    async with office.service():
        await office.connect()
        await office.swept()
        visit = office.company.put(ANNA.user_id, due_date=SOON)
        monkeypatch.setattr(KnownActivities, "store", dying)
        await office.query("UPDATE crm.sync_users SET due_at = now()")
        await office.observed(1, ActivityObserved)
        office.company.take_away(_id(visit))
        monkeypatch.setattr(KnownActivities, "store", kept)
        await office.swept()
        [gone] = await office.observed(1, ActivityGone)
    assert gone.activity_id == _id(visit)


@pytest.mark.rule("4.17")
async def test_an_absent_activity_that_is_still_there_is_not_taken_for_deleted(office: Office):
    visit = office.company.put(ANNA.user_id, due_date=SOON)
    async with office.service():
        await office.connect()
        await office.backfill()
        await office.observed(1, ActivitiesResynced)
        office.company.unlisted.add(_id(visit))
        await office.swept()
        await until(lambda: "get" in office.company.calls, what="it is asked for")
        await office.idle()
    assert office.bodies(CRM_ACTIVITIES, ActivityGone) == []


async def test_an_owner_change_that_no_webhook_told_is_found(office: Office):
    visit = office.company.put(ANNA.user_id, due_date=SOON)
    async with office.service():
        await office.connect(ANNA)
        await office.backfill()
        await office.observed(1, ActivitiesResynced)
        office.company.put(BORIS.user_id, activity_id=_id(visit))
        await office.swept()
        observed = await office.observed(2, ActivityObserved)
    assert observed[1].user == ANNA
    assert observed[1].activity.owner_id == BORIS.user_id


@pytest.mark.rule("5.12")
async def test_a_changed_deal_is_told_although_the_activity_has_not_changed(office: Office):
    visit = office.company.put(ANNA.user_id, due_date=SOON)
    office.company.relate(_id(visit), DealContact(deal_title="Crane"))
    async with office.service(sweep_interval_s=1):
        await office.connect(include_contact=True)
        await office.backfill()
        await office.observed(1, ActivitiesResynced)
        office.company.relate(_id(visit), DealContact(deal_title="Two cranes"))
        observed = await office.observed(2, ActivityObserved)
    titles = [one.activity.deal_contact.deal_title for one in observed]
    assert titles == ["Crane", "Two cranes"]


async def test_wanting_deals_later_tells_them_of_what_lies_ahead(office: Office):
    visit = office.company.put(ANNA.user_id, due_date=SOON)
    office.company.relate(_id(visit), DealContact(deal_title="Crane"))
    async with office.service():
        connection_id = await office.connect()
        await office.backfill()
        await office.observed(1, ActivitiesResynced)
        await office.connect(connection_id=connection_id, revision=2, include_contact=True)
        observed = await office.observed(2, ActivityObserved)
    assert observed[0].activity.deal_contact is None
    assert observed[1].activity.deal_contact == DealContact(deal_title="Crane")


async def test_a_backfill_reads_everything_page_by_page_and_then_says_so(office: Office):
    office.company.page_size = 100
    made = [office.company.put(ANNA.user_id, subject=f"A{n}") for n in range(450)]
    async with office.service():
        await office.connect()
        await office.backfill()
        await office.observed(1, ActivitiesResynced)
        await office.signalled(HealthSignal.SYNCED)
    messages = [taken.body for taken in office.taken[CRM_ACTIVITIES.name]]
    assert isinstance(messages[-1], ActivitiesResynced)
    assert {one.activity.activity_id for one in messages[:-1]} == {_id(one) for one in made}
    assert len(messages) == len(made) + 1
    assert {taken.trace_id for taken in office.taken[CRM_ACTIVITIES.name]} == {TRACE_ID}


async def test_a_read_that_is_broken_off_goes_on_from_its_last_page(office: Office):
    office.company.page_size = 10
    made = [office.company.put(ANNA.user_id) for _ in range(40)]
    async with office.service(roles="reader,web"):
        await office.connect()
        office.company.failures_of["of_owner"] = [
            None,
            None,
            Retryable("weather", retry_after_s=60),
        ]
        await office.backfill()
        await until(
            lambda: office.query("SELECT 1 FROM crm.reads WHERE attempts = 1"),
            what="the read is put off",
        )
    assert len(office.bodies(CRM_ACTIVITIES, ActivityObserved)) == 20
    await office.query("UPDATE crm.reads SET due_at = now()")
    async with office.service(roles="reader,web"):
        await office.observed(1, ActivitiesResynced)
    observed = office.bodies(CRM_ACTIVITIES, ActivityObserved)
    assert [one.activity.activity_id for one in observed] == [_id(one) for one in made]


async def test_a_resync_finds_deletions_and_tells_earlier_ones_again(office: Office):
    early, late, kept = (office.company.put(ANNA.user_id) for _ in range(3))
    async with office.service():
        await office.connect()
        await office.backfill()
        await office.observed(1, ActivitiesResynced)
        office.company.take_away(_id(early))
        await office.hint(_id(early))
        await office.observed(1, ActivityGone)
        office.company.take_away(_id(late))
        await office.publish(
            SYNC_REQUESTS,
            ResyncRequested(
                message_id=uuid4(),
                occurred_at=datetime.now(UTC),
                user=ANNA,
                connection_id=uuid4(),
                scope=Scope.CRM,
            ),
        )
        await office.observed(2, ActivitiesResynced)
        gone = await office.observed(3, ActivityGone)
    assert {one.activity_id for one in gone} == {_id(early), _id(late)}
    assert [one.activity_id for one in gone].count(_id(early)) == 2
    assert {_id(one) for one in office.company.living()} == {_id(kept)}


async def test_a_request_for_the_calendar_alone_reads_nothing(office: Office):
    office.company.put(ANNA.user_id)
    async with office.service():
        await office.connect()
        await office.backfill(scope=Scope.CALENDAR)
        await office.backfill(scope=Scope.CRM)
        await office.observed(1, ActivitiesResynced)
        await office.idle()
    assert len(office.bodies(CRM_ACTIVITIES, ActivitiesResynced)) == 1


async def test_two_processes_share_the_sweeps_and_do_none_twice(office: Office):
    users = [SyncUser(company_id=7, user_id=100 + n) for n in range(20)]
    async with office.service(), office.service():
        for user in users:
            await office.connect(user)
        before = office.company.calls.count("of_owner")
        await office.swept()
        assert office.company.calls.count("of_owner") - before == len(users)


async def test_a_broker_that_forgot_has_everybody_read_and_reported_again(office: Office):
    visit = office.company.put(ANNA.user_id)
    async with office.service():
        await office.connect()
        await office.hint(_id(visit))
        await office.observed(1, ActivityObserved)
        await office.signalled(HealthSignal.PUSH_UP)
    await office.query(
        "INSERT INTO crm.broker_marks VALUES ($1, 0, 1000000)"
        " ON CONFLICT (topic, partition) DO UPDATE SET end_offset = excluded.end_offset",
        office.namespace + CRM_ACTIVITIES.name,
    )
    async with office.service():
        await office.observed(1, ActivitiesResynced)
        # Once by the reading, and once more by the hint, which is consumed again.
        await office.observed(3, ActivityObserved)
        await office.signalled(HealthSignal.PUSH_UP, HealthSignal.PUSH_UP)


async def test_sweeps_get_rarer_while_webhooks_tell_everything_and_often_again_after_a_miss(
    office: Office,
):
    async def swept() -> tuple[int, bool]:
        """Calm sweeps in a row, and whether the next one comes when they say."""
        await office.swept()
        [row] = await office.query(
            "SELECT calm, extract(epoch FROM due_at - now())::float AS wait_s FROM crm.sync_users"
        )
        longest = min(300 * 2 ** row["calm"], 3600)
        return row["calm"], longest * 0.8 < row["wait_s"] <= longest

    async with office.service(sweep_interval_s=300, sweep_quiet_interval_s=3600):
        await office.connect()
        await office.signalled(HealthSignal.PUSH_UP)
        assert [await swept() for _ in range(5)] == [(calm, True) for calm in range(1, 6)]
        visit = office.company.put(ANNA.user_id)
        office.company.age(_id(visit), timedelta(minutes=2))
        assert await swept() == (0, True)
        assert await swept() == (1, True)
        await office.query("UPDATE crm.connections SET push_up = false")
        assert await swept() == (0, True)


async def test_what_we_made_is_missed_though_nobody_has_read_it(office: Office):
    """It is deleted before any webhook or sweep told of it."""
    async with office.service():
        await office.command(create(await office.connect()))
        [made] = await office.outcomes(1)
        office.company.take_away(made.activity_id)
        await office.swept()
        [gone] = await office.observed(1, ActivityGone)
    assert gone.activity_id == made.activity_id
