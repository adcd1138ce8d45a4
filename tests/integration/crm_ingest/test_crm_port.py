"""One suite for every implementation of the port: the company in memory, and Pipedrive."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from tests.integration.crm_ingest.salespeople import (
    COLLEAGUE,
    USER,
    MemorySalesperson,
    Salesperson,
    sandbox_salesperson,
)

from crm_ingest.crm import Reading
from tandem.contracts.commands import ActivityDraft
from tandem.contracts.meetings import MeetingField

DRAFT = ActivityDraft(
    subject="Lunch",
    due_date=date(2031, 3, 4),
    due_time=time(9, 30),
    duration_minutes=45,
    public_description="Bring the <contract> & a pen",
    location="Main Street 1",
    busy=True,
    guests=frozenset({"guest@example.com", "second@example.com"}),
)


@pytest.fixture(params=["memory", "pipedrive"])
async def person(request: pytest.FixtureRequest) -> AsyncIterator[Salesperson]:
    if request.param == "memory":
        yield MemorySalesperson()
    else:
        async with sandbox_salesperson() as salesperson:
            yield salesperson


async def _everything(person: Salesperson, since: datetime | None = None) -> list[Reading]:
    """All pages as one."""
    readings: list[Reading] = []
    cursor = None
    while True:
        page = await person.crm.activities.of_owner(
            person.account, updated_since=since, cursor=cursor
        )
        readings += page.readings
        cursor = page.cursor
        if cursor is None:
            return readings


def _ids(readings: list[Reading]) -> list[int]:
    return [reading.activity.activity_id for reading in readings]


async def test_pages_lead_to_everything_of_the_owner_and_nothing_else(person: Salesperson):
    made = [await person.put(f"A{number}") for number in range(7)]
    await person.take_away(made[2])
    await person.hand_over(made[4])
    assert _ids(await _everything(person)) == [made[0], made[1], made[3], made[5], made[6]]


async def test_a_list_of_changes_begins_with_the_second_that_is_asked_for(person: Salesperson):
    activity_id = await person.put("A")
    [reading] = await _everything(person)
    stamp = reading.activity.updated_at
    assert _ids(await _everything(person, stamp.replace(microsecond=999))) == [activity_id]
    assert await _everything(person, stamp + timedelta(seconds=1)) == []


async def test_an_activity_is_read_with_its_owner_and_stamps(person: Salesperson):
    activity_id = await person.put("A")
    before = await person.crm.activities.get(person.account, activity_id)
    await person.retitle(activity_id, "B")
    after = await person.crm.activities.get(person.account, activity_id)
    assert before is not None
    assert after is not None
    assert (before.activity.subject, after.activity.subject) == ("A", "B")
    assert after.activity.owner_id == after.creator_id == USER.user_id
    assert after.activity.updated_at >= before.activity.updated_at
    assert after.activity.updated_at.tzinfo is not None
    assert after.activity.added_at == before.activity.added_at
    assert after.invitees == ()


async def test_a_deleted_activity_is_marked_as_such_or_not_there(person: Salesperson):
    activity_id = await person.put("A")
    await person.take_away(activity_id)
    reading = await person.crm.activities.get(person.account, activity_id)
    assert reading is None or reading.deleted
    assert await person.crm.activities.get(person.account, 999_999) is None
    assert await person.crm.activities.by_ids(person.account, [activity_id]) == ()


async def test_by_ids_gives_those_that_there_are_whoever_owns_them(person: Salesperson):
    mine, handed_over = await person.put("A"), await person.put("B")
    await person.hand_over(handed_over)
    found = await person.crm.activities.by_ids(person.account, [mine, 999_999, handed_over])
    owners = {one.activity.activity_id: one.activity.owner_id for one in found}
    assert owners == {mine: USER.user_id, handed_over: COLLEAGUE.user_id}


async def test_what_is_created_is_what_was_asked_for(person: Salesperson):
    made = await person.crm.activities.create(person.account, kind="meeting", draft=DRAFT)
    _shows(made, DRAFT)
    assert made.activity.type == "meeting"
    assert made.activity.owner_id == made.creator_id == USER.user_id
    assert await person.crm.activities.get(person.account, made.activity.activity_id) == made


def _shows(reading: Reading, draft: ActivityDraft) -> None:
    activity = reading.activity
    for name in (
        "subject",
        "due_date",
        "due_time",
        "duration_minutes",
        "public_description",
        "location",
        "busy",
    ):
        assert getattr(activity, name) == getattr(draft, name), name
    assert {guest.email for guest in activity.guests} == draft.guests
    assert {invitee.email for invitee in reading.invitees or ()} == draft.guests


async def test_a_draft_of_little_leaves_the_rest_open(person: Salesperson):
    draft = ActivityDraft(subject="Some day", due_date=date(2031, 3, 4))
    made = await person.crm.activities.create(person.account, kind="meeting", draft=draft)
    _shows(made, draft)


@pytest.mark.parametrize("field", list(MeetingField))
async def test_a_change_of_one_field_changes_no_other(person: Salesperson, field: MeetingField):
    made = await person.crm.activities.create(person.account, kind="meeting", draft=DRAFT)
    other = ActivityDraft(
        subject="Dinner",
        due_date=date(2031, 3, 5),
        due_time=None,
        duration_minutes=None,
        public_description="",
        location="",
        busy=False,
        guests=frozenset({"second@example.com", "third@example.com"}),
    )
    changed = await person.crm.activities.change(person.account, made, fields={field}, draft=other)
    assert changed is not None
    names = {
        MeetingField.TITLE: ("subject",),
        MeetingField.SCHEDULE: ("due_date", "due_time", "duration_minutes"),
        MeetingField.DESCRIPTION: ("public_description",),
        MeetingField.LOCATION: ("location",),
        MeetingField.BUSY: ("busy",),
        MeetingField.GUESTS: ("guests",),
    }[field]
    expected = {name: getattr(other, name) for name in names}
    _shows(changed, DRAFT.model_copy(update=expected))
    again = await person.crm.activities.get(person.account, made.activity.activity_id)
    assert again == changed


async def test_what_is_deleted_can_be_deleted_again_but_not_changed(person: Salesperson):
    made = await person.crm.activities.create(person.account, kind="meeting", draft=DRAFT)
    activity_id = made.activity.activity_id
    for _ in range(2):
        await person.crm.activities.delete(person.account, activity_id)
    assert await _everything(person) == []
    changed = await person.crm.activities.change(
        person.account, made, fields={MeetingField.TITLE}, draft=DRAFT
    )
    assert changed is None


async def test_webhooks_are_listed_made_and_removed(person: Salesperson):
    subscriptions = person.crm.subscriptions
    assert await subscriptions.ours(person.account) == ()
    made = await subscriptions.create(person.account)
    assert await subscriptions.ours(person.account) == (made,)
    assert made.working
    for _ in range(2):
        await subscriptions.delete(person.account, made.webhook_id)
    assert await subscriptions.ours(person.account) == ()


async def test_activity_types_have_a_key_and_a_name(person: Salesperson):
    kinds = await person.crm.company.activity_kinds(person.account)
    assert "meeting" in {kind.key for kind in kinds}
    assert all(kind.name for kind in kinds)
    await person.crm.company.probe(replace(person.account, background=True))


async def test_times_are_utc(person: Salesperson):
    made = await person.crm.activities.create(person.account, kind="meeting", draft=DRAFT)
    offset = made.activity.updated_at - datetime.now(UTC)
    assert abs(offset) < timedelta(seconds=30)
