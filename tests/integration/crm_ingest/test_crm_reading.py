"""Hints become observations of the present state, for everybody whom they concern."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from tests.integration.crm_ingest.office import (
    ANNA,
    BORIS,
    TRACE,
    TRACE_ID,
    Office,
    connection_changed,
    until,
)

from crm_ingest.crm import ForbiddenError, Reading
from tandem.contracts.activities import ActivityGone, ActivityObserved, DealContact
from tandem.contracts.connections import ConnectionRemoved, ConnectionStatus, HealthSignal
from tandem.contracts.topics import CRM_ACTIVITIES, SETTINGS_CONNECTIONS
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import Retryable


def _id(reading: Reading) -> int:
    return reading.activity.activity_id


async def test_a_hint_is_observed_by_its_owner_with_the_trace_that_brought_it(office: Office):
    visit = office.company.put(ANNA.user_id, subject="Visit")
    async with office.service():
        await office.connect()
        await office.hint(_id(visit), trace=TRACE)
        [observed] = await office.observed(1, ActivityObserved)
    assert (observed.user, observed.activity) == (ANNA, visit.activity)
    [taken] = office.taken[CRM_ACTIVITIES.name]
    assert taken.key == ANNA.key
    assert taken.trace_id == TRACE_ID


async def test_hints_of_one_activity_in_a_batch_are_read_once(office: Office):
    visit = office.company.put(ANNA.user_id)
    last = office.company.put(ANNA.user_id)
    for _ in range(30):
        await office.hint(_id(visit))
    async with office.service(roles="web"):
        pass
    await _connect_silently(office)
    async with office.service():
        await office.hint(_id(last))
        await until(
            lambda: (
                {o.activity.activity_id for o in office.bodies(CRM_ACTIVITIES, ActivityObserved)}
                == {_id(visit), _id(last)}
            ),
            what="both",
        )
    assert office.company.calls.count("get") < 10


async def _connect_silently(office: Office) -> None:
    """Put a connection where the service finds it when it starts."""
    await office.query(
        "INSERT INTO crm.connections (connection_id, revision, company_id, user_id, credential_id,"
        " api_url, owner_email, include_contact, status)"
        " VALUES ($1, 1, 7, 42, $2, 'http://127.0.0.1:1', 'owner@example.com', false, 'active')",
        uuid4(),
        uuid4(),
    )


async def test_an_echo_is_observed_like_everything_else(office: Office):
    visit = office.company.put(ANNA.user_id)
    async with office.service():
        await office.connect()
        for count in (1, 2):
            await office.hint(_id(visit))
            await office.observed(count, ActivityObserved)


async def test_users_and_companies_that_nobody_knows_cost_no_call(office: Office):
    foreign = office.company.put(BORIS.user_id)
    own = office.company.put(ANNA.user_id)
    async with office.service():
        await office.connect()
        before = len(office.company.calls)
        await office.hint(_id(foreign), owner=BORIS)
        await office.hint(_id(own))
        [observed] = await office.observed(1, ActivityObserved)
    assert observed.activity.activity_id == _id(own)
    assert office.company.calls[before:].count("get") == 1


async def test_a_new_owner_is_told_and_so_is_the_old_one(office: Office):
    visit = office.company.put(ANNA.user_id)
    async with office.service():
        await office.connect(ANNA)
        await office.connect(BORIS)
        await office.hint(_id(visit))
        await office.observed(1, ActivityObserved)
        moved = office.company.put(BORIS.user_id, activity_id=_id(visit))
        await office.hint(_id(visit), owner=BORIS)
        observed = await office.observed(3, ActivityObserved)
        office.company.put(BORIS.user_id, activity_id=_id(visit), subject="Later")
        await office.hint(_id(visit), owner=BORIS)
        observed = await office.observed(4, ActivityObserved)
    assert {one.user for one in observed[1:3]} == {ANNA, BORIS}
    assert {one.activity for one in observed[1:3]} == {moved.activity}
    assert [one.user for one in observed[3:]] == [BORIS]


async def test_a_new_owner_without_a_connection_still_frees_the_old_one(office: Office):
    visit = office.company.put(ANNA.user_id)
    async with office.service():
        await office.connect(ANNA)
        await office.hint(_id(visit))
        await office.observed(1, ActivityObserved)
        office.company.put(BORIS.user_id, activity_id=_id(visit))
        await office.hint(_id(visit), owner=BORIS)
        observed = await office.observed(2, ActivityObserved)
    assert observed[1].user == ANNA
    assert observed[1].activity.owner_id == BORIS.user_id


@pytest.mark.parametrize("shown", [True, False], ids=["marked_deleted", "not_found"])
async def test_a_deletion_is_told_to_everybody_who_was_told(office: Office, *, shown: bool):
    office.company.deleted_are_shown = shown
    visit = office.company.put(ANNA.user_id)
    async with office.service():
        await office.connect(ANNA)
        await office.connect(BORIS)
        await office.hint(_id(visit))
        await office.observed(1, ActivityObserved)
        office.company.put(BORIS.user_id, activity_id=_id(visit))
        await office.hint(_id(visit), owner=BORIS)
        await office.observed(3, ActivityObserved)
        office.company.take_away(_id(visit))
        await office.hint(_id(visit), owner=BORIS)
        gone = await office.observed(2, ActivityGone)
    assert {one.user for one in gone} == {ANNA, BORIS}
    assert {one.activity_id for one in gone} == {_id(visit)}


async def test_what_an_account_may_not_see_is_not_taken_for_deleted(office: Office):
    visit = office.company.put(ANNA.user_id)
    other = office.company.put(ANNA.user_id)
    async with office.service():
        await office.connect(ANNA)
        await office.hint(_id(visit))
        await office.observed(1, ActivityObserved)
        # Moved to somebody whose activities Anna may not see.
        office.company.put(BORIS.user_id, activity_id=_id(visit))
        office.company.hidden.add((ANNA.user_id, _id(visit)))
        await office.hint(_id(visit), owner=BORIS)
        await office.hint(_id(other))
        await office.observed(2, ActivityObserved)
        await office.idle()
    assert office.bodies(CRM_ACTIVITIES, ActivityGone) == []


async def test_an_account_that_is_refused_leaves_the_answer_to_another_one(office: Office):
    visit = office.company.put(ANNA.user_id)
    async with office.service():
        await office.connect(ANNA)
        await office.connect(BORIS)
        office.company.refusing[ANNA.user_id] = ForbiddenError("not yours")
        await office.hint(_id(visit))
        [observed] = await office.observed(1, ActivityObserved)
    assert observed.user == ANNA


async def test_a_hint_that_came_too_early_is_followed_again(office: Office):
    """A create may be told before every replica of Pipedrive shows it."""
    visit = office.company.put(ANNA.user_id)
    office.company.hidden.add((ANNA.user_id, _id(visit)))
    async with office.service():
        await office.connect()
        await office.hint(_id(visit))
        await until(lambda: "get" in office.company.calls, what="the first look")
        office.company.hidden.clear()
        await office.observed(1, ActivityObserved)


async def test_bad_weather_holds_a_hint_and_not_the_others(office: Office):
    stuck, free = office.company.put(ANNA.user_id), office.company.put(BORIS.user_id)
    async with office.service():
        await office.connect(ANNA)
        await office.connect(BORIS)
        await until(lambda: office.company.webhooks, what="the webhook")
        office.company.refusing[ANNA.user_id] = Retryable("rate limit", retry_after_s=1.0)
        await office.hint(_id(stuck), trace=TRACE)
        await office.hint(_id(free), owner=BORIS)
        [first] = await office.observed(1, ActivityObserved)
        assert first.activity.activity_id == _id(free)
        await until(lambda: office.query("SELECT 1 FROM crm.held_hints"), what="the hint is held")
        office.company.refusing.clear()
        observed = await office.observed(2, ActivityObserved)
        await office.idle()
    assert observed[1].activity.activity_id == _id(stuck)
    assert office.taken[CRM_ACTIVITIES.name][1].trace_id == TRACE_ID


async def test_the_deal_and_contact_are_there_only_where_a_connection_wants_them(office: Office):
    mine, theirs = office.company.put(ANNA.user_id), office.company.put(BORIS.user_id)
    contact = DealContact(deal_title="Crane", person_name="Ada")
    for reading in (mine, theirs):
        office.company.relate(_id(reading), contact)
    async with office.service():
        await office.connect(ANNA, include_contact=True)
        await office.connect(BORIS)
        await office.hint(_id(mine))
        await office.hint(_id(theirs), owner=BORIS)
        observed = await office.observed(2, ActivityObserved)
    assert {one.user: one.activity.deal_contact for one in observed} == {ANNA: contact, BORIS: None}


async def test_a_lost_grant_is_reported_and_its_return_too(office: Office):
    visit = office.company.put(ANNA.user_id)
    async with office.service():
        connection_id = await office.connect()
        await office.hint(_id(visit))
        await office.signalled(HealthSignal.SYNCED)
        office.company.refusing[ANNA.user_id] = GrantLostError("revoked")
        await office.hint(_id(visit))
        await office.signalled(HealthSignal.SYNCED, HealthSignal.GRANT_LOST)
        office.company.refusing.clear()
        await office.connect(
            connection_id=connection_id, revision=2, status=ConnectionStatus.RECONNECT_NEEDED
        )
        await office.connect(connection_id=connection_id, revision=3)
        await office.hint(_id(visit))
        await office.observed(2, ActivityObserved)
        await office.signalled(
            HealthSignal.SYNCED,
            HealthSignal.GRANT_LOST,
            HealthSignal.SYNCED,
            connection_id=connection_id,
        )


async def test_nothing_is_read_for_who_has_disconnected(office: Office):
    visit, other = office.company.put(ANNA.user_id), office.company.put(BORIS.user_id)
    async with office.service():
        connection_id = await office.connect(ANNA)
        await office.connect(BORIS)
        await office.publish(
            SETTINGS_CONNECTIONS,
            ConnectionRemoved(
                message_id=uuid4(),
                occurred_at=datetime.now(UTC),
                connection_id=connection_id,
                revision=2,
                user=ANNA,
            ),
        )
        await until(
            lambda: office.query("SELECT 1 FROM crm.connections WHERE removed_at IS NOT NULL"),
            what="the removal",
        )
        await office.hint(_id(visit))
        await office.hint(_id(other), owner=BORIS)
        observed = await office.observed(1, ActivityObserved)
        await office.idle()
    assert {one.user for one in observed} == {BORIS}


async def test_an_older_state_of_a_connection_changes_nothing(office: Office):
    visit = office.company.put(ANNA.user_id)
    async with office.service():
        connection_id = await office.connect(revision=5)
        await office.publish(
            SETTINGS_CONNECTIONS,
            _older(connection_id),
        )
        await office.connect(BORIS)
        await office.hint(_id(visit))
        await office.observed(1, ActivityObserved)
        [row] = await office.query(
            "SELECT revision, status FROM crm.connections WHERE connection_id = $1", connection_id
        )
    assert (row["revision"], row["status"]) == (5, "active")


def _older(connection_id):
    return connection_changed(
        connection_id=connection_id, revision=4, status=ConnectionStatus.CALENDAR_GONE
    )
