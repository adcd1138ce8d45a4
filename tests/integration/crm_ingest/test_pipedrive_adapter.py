"""What only Pipedrive has: persons, deals, attendees, errors, budgets and grants."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from tests.integration.crm_ingest.salespeople import (
    EMAIL,
    USER,
    SandboxSalesperson,
    sandbox_salesperson,
    sandbox_settings,
)

from crm_ingest.adapters.pipedrive.oauth import TokenRefresh
from crm_ingest.crm import ForbiddenError, RefusedError, UncertainError
from tandem.contracts.commands import ActivityDraft
from tandem.contracts.meetings import MeetingField
from tandem.runtime.clock import SystemClock
from tandem.runtime.credential_store import Credential, CredentialKind, GrantLostError
from tandem.runtime.failures import Retryable
from tandem_sandbox.faults import FaultKind, FaultOrder
from tandem_sandbox.pipedrive.budget import Plan

DRAFT = ActivityDraft(
    subject="Lunch",
    due_date=date(2031, 3, 4),
    due_time=time(9, 30),
    duration_minutes=45,
    busy=True,
)


@pytest.fixture
async def person() -> AsyncIterator[SandboxSalesperson]:
    async with sandbox_salesperson() as salesperson:
        yield salesperson


async def _customer(person: SandboxSalesperson, number: int = 1) -> tuple[int, str]:
    """Id and e-mail of a seeded person."""
    shown = await person.call("GET", f"/api/v2/persons/{number}")
    return shown["id"], shown["emails"][0]["value"]


@pytest.mark.rule("5.8")
async def test_a_guest_who_is_a_person_is_linked_and_another_one_only_invited(
    person: SandboxSalesperson,
):
    customer_id, email = await _customer(person)
    draft = DRAFT.model_copy(update={"guests": frozenset({email, "stranger@example.com"})})
    made = await person.crm.activities.create(person.account, kind="meeting", draft=draft)
    raw = await person.raw(made.activity.activity_id)
    people = {one["email"]: one["person_id"] for one in raw["attendees"]}
    assert people == {email: customer_id, "stranger@example.com": None}
    assert [one["person_id"] for one in raw["participants"]] == [customer_id]
    assert {guest.email: guest.person_id for guest in made.activity.guests} == people


async def test_a_change_of_guests_keeps_those_who_stay_and_the_activitys_person(
    person: SandboxSalesperson,
):
    (first, _), (second, second_email) = await _customer(person, 1), await _customer(person, 2)
    activity_id = await person.make(
        subject="Visit",
        participants=[{"person_id": first, "primary": True}],
        attendees=[
            {"email": "Stays@Example.com", "name": "Stays", "status": "accepted"},
            {"email": "leaves@example.com"},
            {"email": EMAIL, "user_id": USER.user_id, "is_organizer": True},
        ],
    )
    present = await person.crm.activities.get(person.account, activity_id)
    assert present is not None
    assert {guest.email for guest in present.activity.guests} == {
        "stays@example.com",
        "leaves@example.com",
    }
    guests = frozenset({"stays@example.com", second_email})
    changed = await person.crm.activities.change(
        person.account,
        present,
        fields={MeetingField.GUESTS},
        draft=DRAFT.model_copy(update={"guests": guests}),
    )
    assert changed is not None
    assert {guest.email for guest in changed.activity.guests} == guests
    raw = await person.raw(activity_id)
    there = {one["email"].lower(): one for one in raw["attendees"]}
    assert there.keys() == {*guests, EMAIL}
    assert (there["stays@example.com"]["name"], there["stays@example.com"]["status"]) == (
        "Stays",
        "accepted",
    )
    assert there[EMAIL]["is_organizer"] is True
    assert raw["person_id"] == first
    assert {one["person_id"]: one["primary"] for one in raw["participants"]} == {
        first: True,
        second: False,
    }


async def test_a_new_guest_never_becomes_the_activitys_person(person: SandboxSalesperson):
    _, email = await _customer(person)
    activity_id = await person.make(subject="Visit")
    present = await person.crm.activities.get(person.account, activity_id)
    assert present is not None
    await person.crm.activities.change(
        person.account,
        present,
        fields={MeetingField.GUESTS},
        draft=DRAFT.model_copy(update={"guests": frozenset({email})}),
    )
    raw = await person.raw(activity_id)
    assert (raw["person_id"], raw["participants"]) == (None, [])
    assert [one["email"] for one in raw["attendees"]] == [email]


@pytest.mark.rule("5.9")
async def test_an_update_leaves_alone_what_a_calendar_does_not_know(person: SandboxSalesperson):
    activity_id = await person.make(
        subject="Visit", note="<p>internal</p>", deal_id=1, org_id=1, type="lunch", done=True
    )
    before = await person.raw(activity_id)
    present = await person.crm.activities.get(person.account, activity_id)
    assert present is not None
    await person.crm.activities.change(
        person.account, present, fields=set(MeetingField), draft=DRAFT
    )
    after = await person.raw(activity_id)
    for name in ("note", "deal_id", "org_id", "person_id", "type", "done", "priority", "owner_id"):
        assert after[name] == before[name], name
    assert after["subject"] == "Lunch"


@pytest.mark.parametrize(
    ("told", "moment", "minutes"),
    [
        ({"due_time": "09:30", "duration": "01:30"}, time(9, 30), 90),
        ({"due_time": "09:30:00", "duration": "00:45:00"}, time(9, 30), 45),
        ({"due_time": "00:00", "duration": None}, time(0, 0), None),
        ({"due_time": "", "duration": ""}, None, None),
        ({}, None, None),
    ],
)
async def test_times_of_day_are_read_in_every_form(
    person: SandboxSalesperson, told: Any, moment: time | None, minutes: int | None
):
    activity_id = await person.make(subject="A", due_date="2031-03-04", **told)
    reading = await person.crm.activities.get(person.account, activity_id)
    assert reading is not None
    assert (reading.activity.due_time, reading.activity.duration_minutes) == (moment, minutes)


async def test_the_contact_block_tells_what_the_account_may_see(person: SandboxSalesperson):
    deals = await person.call("GET", "/api/v2/deals")
    deal = deals[0]
    activity_id = await person.make(
        subject="A",
        deal_id=deal["id"],
        org_id=deal["org_id"],
        participants=[{"person_id": deal["person_id"], "primary": True}],
    )
    reading = await person.crm.activities.get(person.account, activity_id)
    assert reading is not None
    [contact] = await person.crm.contacts.of_activities(person.account, [reading])
    assert contact.deal_title == deal["title"]
    assert deal["currency"] in contact.deal_value
    assert contact.deal_url.endswith(f"/deal/{deal['id']}")
    assert str(activity_id) in contact.activity_url
    customer = await person.call("GET", f"/api/v2/persons/{deal['person_id']}")
    assert contact.person_name == customer["name"]
    assert contact.person_emails == (customer["emails"][0]["value"],)
    assert contact.person_phones == (customer["phones"][0]["value"],)
    organization = await person.call("GET", f"/api/v2/organizations/{deal['org_id']}")
    assert contact.organization_name == organization["name"]
    assert contact.organization_address == organization["address"]["value"]


@pytest.mark.rule("5.11")
async def test_what_an_account_may_not_see_is_absent_from_the_block(person: SandboxSalesperson):
    hidden = await person.call("POST", "/api/v2/deals", {"title": "Secret", "visible_to": 1})
    activity_id = await person.make(subject="A", deal_id=hidden["id"])
    reading = await person.crm.activities.get(person.account, activity_id)
    assert reading is not None
    for readings in ([reading], [reading] * 3):
        seen = await person.crm.contacts.of_activities(person.account, readings)
        unseen = await person.crm.contacts.of_activities(person.colleague, readings)
        assert {one.deal_title for one in seen} == {"Secret"}
        assert {(one.deal_title, one.deal_url) for one in unseen} == {("", "")}


async def test_many_deals_are_looked_up_by_lists(person: SandboxSalesperson):
    readings = []
    for number in range(8):
        deal = await person.call("POST", "/api/v2/deals", {"title": f"D{number}"})
        activity_id = await person.make(subject="A", deal_id=deal["id"])
        reading = await person.crm.activities.get(person.account, activity_id)
        assert reading is not None
        readings.append(reading)
    before = person.calls("deals.get"), person.calls("deals.list")
    contacts = await person.crm.contacts.of_activities(person.account, readings)
    assert [one.deal_title for one in contacts] == [f"D{number}" for number in range(8)]
    assert (person.calls("deals.get"), person.calls("deals.list")) == (before[0], before[1] + 1)


def _fault(person: SandboxSalesperson, operation: str, kind: FaultKind, **more: Any) -> None:
    order = FaultOrder(provider="pipedrive", operation=operation, kind=kind, **more)
    person.world.faults.arm(order)


async def test_a_read_gets_over_bad_weather_and_a_write_is_sent_once(person: SandboxSalesperson):
    activity_id = await person.make(subject="A")
    _fault(person, "activities.get", FaultKind.STATUS, status=503, times=2)
    assert await person.crm.activities.get(person.account, activity_id) is not None
    _fault(person, "activities.create", FaultKind.STATUS, status=503, times=1)
    before = person.calls("activities.create")
    with pytest.raises(UncertainError):
        await person.crm.activities.create(person.account, kind="meeting", draft=DRAFT)
    assert person.calls("activities.create") == before + 1


async def test_a_refusal_carries_pipedrives_reason_and_no_address(person: SandboxSalesperson):
    with pytest.raises(RefusedError) as caught:
        await person.crm.activities.create(person.account, kind="no_such_type", draft=DRAFT)
    assert str(caught.value).startswith("400 ")
    assert "@" not in str(caught.value)


MEANINGS: dict[type[Exception], tuple[int, ...]] = {
    RefusedError: (400, 402, 403, 405, 415, 422),
    UncertainError: (408, 500, 501, 503),
    Retryable: (429,),
    GrantLostError: (401,),
}


async def test_what_each_status_of_a_write_means(person: SandboxSalesperson):
    activities, account = person.crm.activities, person.account
    present = await activities.get(account, await person.make(subject="A"))
    assert present is not None
    title = frozenset({MeetingField.TITLE})
    for status in (404, 410):
        _fault(person, "activities.update", FaultKind.STATUS, status=status)
        assert await activities.change(account, present, fields=title, draft=DRAFT) is None
        _fault(person, "activities.delete", FaultKind.STATUS, status=status)
        await activities.delete(account, present.activity.activity_id)
    for kind, statuses in MEANINGS.items():
        for status in statuses:
            # A token that was refused is refreshed and tried once more.
            times = 2 if status == httpx.codes.UNAUTHORIZED else 1
            _fault(person, "activities.create", FaultKind.STATUS, status=status, times=times)
            with pytest.raises(kind) as told:
                await activities.create(account, kind="meeting", draft=DRAFT)
            assert type(told.value) in {kind, ForbiddenError}, status
            if kind is RefusedError:
                assert str(told.value).startswith(f"{status} "), "in Pipedrive's own words"


async def test_throttling_says_how_long_to_stay_away(person: SandboxSalesperson):
    activity_id = await person.make(subject="A")
    _fault(person, "activities.get", FaultKind.STATUS, status=429, retry_after=60, times=9)
    before = person.calls("activities.get")
    for _ in range(3):
        with pytest.raises(Retryable) as caught:
            await person.crm.activities.get(person.account, activity_id)
        assert caught.value.retry_after_s is not None
        assert 50 < caught.value.retry_after_s <= 60
    assert person.calls("activities.get") == before + 1


async def test_cloudflares_wall_is_no_refusal(person: SandboxSalesperson):
    activity_id = await person.make(subject="A")
    _fault(person, "activities.get", FaultKind.HTML_403, times=1)
    with pytest.raises(Retryable):
        await person.crm.activities.get(person.account, activity_id)


async def test_background_work_leaves_a_reserve_of_a_burst(person: SandboxSalesperson):
    company = person.world.pipedrive.companies[USER.company_id]
    activity_id = await person.make(subject="A")
    company.plan = Plan(burst_api_token=10)
    background = replace(person.account, background=True)
    before = person.calls("activities.get")
    for _ in range(15):
        await person.crm.activities.get(background, activity_id)
    assert person.calls("activities.get") - before == 15
    statuses = person.world.calls.statuses()
    assert not [one for one in statuses if one["status"] in {403, 429}]


async def test_a_refused_token_is_refreshed_once_before_the_grant_counts_as_lost(
    person: SandboxSalesperson,
):
    activity_id = await person.make(subject="A")
    good = person.tokens.values[USER]
    person.tokens.values[USER] = "expired"
    with pytest.raises(GrantLostError):
        await person.crm.activities.get(person.account, activity_id)
    assert person.tokens.refused == ["expired"]
    person.tokens.values[USER] = good
    assert await person.crm.activities.get(person.account, activity_id) is not None


async def test_tokens_are_refreshed_and_only_a_revoked_grant_is_lost(person: SandboxSalesperson):
    refresh = TokenRefresh(person._http, sandbox_settings(), SystemClock())
    credential = Credential(
        credential_id=uuid4(), kind=CredentialKind.PIPEDRIVE, account="1", **await _grant(person)
    )
    fresh = await refresh(credential)
    assert fresh.access_token.get_secret_value() != credential.access_token.get_secret_value()
    assert fresh.refresh_token == credential.refresh_token
    assert fresh.expires_at is not None
    assert fresh.expires_at > datetime.now(UTC)
    unknown_to_pipedrive = sandbox_settings(pipedrive_client_secret="wrong")
    with pytest.raises(Retryable):
        await TokenRefresh(person._http, unknown_to_pipedrive, SystemClock())(credential)
    person.world.pipedrive.revoke(EMAIL)
    with pytest.raises(GrantLostError):
        await refresh(credential)


async def _grant(person: SandboxSalesperson) -> dict[str, SecretStr]:
    """Tokens as the consent page gives them."""
    redirect = "http://client/callback"
    answer = await person._http.post(
        "/pipedrive/oauth/authorize",
        params={"client_id": "sandbox-client", "redirect_uri": redirect, "state": "s"},
        data={"decision": "allow", "account": EMAIL},
    )
    code = httpx.URL(answer.headers["location"]).params["code"]
    token = await person._http.post(
        "/pipedrive/oauth/token",
        data={"grant_type": "authorization_code", "code": code, "redirect_uri": redirect},
        auth=("sandbox-client", "sandbox-secret"),
    )
    told = token.json()
    return {name: SecretStr(told[name]) for name in ("access_token", "refresh_token")}


async def test_a_webhook_on_other_terms_or_that_fails_does_not_work(person: SandboxSalesperson):
    made = await person.crm.subscriptions.create(person.account)
    company = person.world.pipedrive.companies[USER.company_id]
    kept = company.webhooks[int(made.webhook_id)]
    assert (kept.http_auth_user, kept.http_auth_password) == ("tandem", "password-of-the-webhooks")
    for change in ({"event_action": "create"}, {"is_active": False}, {"last_http_status": 500}):
        company.webhooks[kept.id] = kept.model_copy(update=change)
        [seen] = await person.crm.subscriptions.ours(person.account)
        assert not seen.working, change
    company.webhooks[kept.id] = kept.model_copy(update={"subscription_url": "http://other/"})
    assert await person.crm.subscriptions.ours(person.account) == ()
