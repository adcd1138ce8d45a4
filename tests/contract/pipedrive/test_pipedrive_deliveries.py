"""What webhooks tell, to whom, and what becomes of those that are not taken."""

import base64
import json
from datetime import timedelta

import pytest
from tests.contract.pipedrive.clients import until

from tandem_sandbox.faults import FaultKind, FaultOrder


async def _told(world, receiver):
    await world.deliveries.idle()
    return [json.loads(body) for body in receiver.bodies]


async def test_a_created_activity_is_told_in_the_webhooks_own_shape(admin, world, receiver):
    hook = await admin.subscribe(receiver.url, http_auth_user="u", http_auth_password="p:ä")
    made = await admin.make(
        subject="Lunch",
        type="lunch",
        due_date="2027-05-06",
        due_time="10:00",
        deal_id=1,
        note="for us",
        attendees=[{"email": "guest@example.com"}],
    )
    (told,) = await _told(world, receiver)
    data = told["data"]
    assert set(told) == {"data", "previous", "meta"}
    assert told["previous"] is None
    assert {
        name: data[name] for name in ("id", "subject", "type", "owner_id", "deal_id", "done")
    } == {name: made[name] for name in ("id", "subject", "type", "owner_id", "deal_id", "done")}
    assert data["due_time"] == {"timezone_id": None, "value": "10:00:00"}
    assert (data["duration"], data["busy_flag"], data["active_flag"]) == (None, None, True)
    assert not data.keys() & {"note", "attendees", "participants", "priority", "project_id", "busy"}
    meta = told["meta"]
    assert {
        "action": "create",
        "entity": "activity",
        "entity_id": str(made["id"]),
        "company_id": "1001",
        "user_id": str(admin.user_id),
        "change_source": "api",
        "version": "2.0",
        "attempt": 1,
        "webhook_id": str(hook["id"]),
        "webhook_owner_id": str(admin.user_id),
    }.items() <= meta.items()
    assert meta["timestamp"].endswith("Z")
    assert str(admin.user_id) in meta["permitted_user_ids"]
    credentials = base64.b64encode("u:p:ä".encode()).decode()
    assert receiver.messages[0]["authorization"] == f"Basic {credentials}"
    assert receiver.messages[0]["content-type"] == "application/json"


async def test_a_change_tells_only_the_former_values_of_what_changed(admin, world, receiver):
    made = await admin.make(subject="Before")
    await admin.subscribe(receiver.url)
    world.clock.advance(timedelta(minutes=1))
    changed = await admin.change(made["id"], subject="After")
    (told,) = await _told(world, receiver)
    assert told["meta"]["action"] == "change"
    assert told["data"]["subject"] == "After"
    assert told["data"]["update_time"] == changed["update_time"]
    assert told["previous"] == {"subject": "Before", "update_time": made["update_time"]}


async def test_a_deletion_tells_the_last_state_and_no_present_one(admin, world, receiver):
    made = await admin.make(subject="Gone")
    await admin.subscribe(receiver.url)
    await admin.delete(made["id"])
    (told,) = await _told(world, receiver)
    assert (told["meta"]["action"], told["data"]) == ("delete", None)
    assert told["previous"]["subject"] == "Gone"


async def test_one_edit_is_one_event_and_none_is_none(admin, world, receiver):
    await admin.subscribe(receiver.url)
    made = await admin.make()
    await admin.change(made["id"], subject="A", done=True, due_date="2027-05-06")
    await admin.change(made["id"], subject="A")
    await admin.refused(400, "PATCH", f"/api/v2/activities/{made['id']}", body={"subject": 1})
    told = await _told(world, receiver)
    assert [one["meta"]["action"] for one in told] == ["create", "change"]
    assert len({one["meta"]["id"] for one in told}) == 2


async def test_a_webhook_hears_only_what_it_asked_for(admin, caller, world, receiver):
    await admin.subscribe(receiver.url, event_action="delete")
    await admin.subscribe(receiver.url, event_object="deal", event_action="change")
    await admin.subscribe(receiver.url, event_object="*", event_action="create")
    await admin.subscribe(receiver.url, version="1.0")
    made = await admin.make()
    await admin.change(made["id"], subject="x")
    await admin.delete(made["id"])
    await admin.call("PATCH", "/api/v2/deals/1", body={"title": "New title"})
    await caller("sales1@south.example").make()
    heard = [(one["meta"]["action"], one["meta"]["entity"]) for one in await _told(world, receiver)]
    assert sorted(heard) == [("change", "deal"), ("create", "activity"), ("delete", "activity")]


async def test_a_changed_deal_is_told_with_its_former_title(admin, world, receiver):
    await admin.subscribe(receiver.url, event_object="deal")
    before = await admin.call("GET", "/api/v2/deals/1")
    await admin.call("PATCH", "/api/v2/deals/1", body={"title": "New title"})
    (told,) = await _told(world, receiver)
    assert told["data"]["title"] == "New title"
    assert told["previous"]["title"] == before["title"]
    assert "value" not in told["previous"]
    assert (told["meta"]["entity"], told["meta"]["entity_id"]) == ("deal", "1")


async def test_only_users_who_may_see_an_activity_are_told(admin, boris, world, receiver, company):
    hidden = next(deal for deal in company.deals.values() if deal.visible_to == 1)
    other = next(
        user_id for user_id in company.users if user_id not in {admin.user_id, boris.user_id}
    )
    hooks = {
        user_id: await admin.subscribe(receiver.url, user_id=user_id) for user_id in company.users
    }
    await boris.make(deal_id=hidden.id)
    told = await _told(world, receiver)
    assert {one["meta"]["webhook_id"] for one in told} == {
        str(hook["id"]) for user_id, hook in hooks.items() if user_id != other
    }
    assert {len({one["meta"]["correlation_id"] for one in told}), len(told)} == {1, 2}
    assert all(str(other) not in one["meta"]["permitted_user_ids"] for one in told)


async def test_a_refused_delivery_is_tried_four_times_after_growing_waits(
    admin, world, receiver, monkeypatch
):
    waits: list[float] = []
    later = world.deliveries._later

    def at_once(delivery, seconds):
        waits.append(seconds)
        later(delivery, 0)

    monkeypatch.setattr(world.deliveries, "_later", at_once)
    receiver.statuses = [500] * 4
    await admin.subscribe(receiver.url)
    await admin.make()
    told = await _told(world, receiver)
    assert [one["meta"]["attempt"] for one in told] == [1, 2, 3, 4]
    assert waits == [3, 30, 150]
    assert len({one["meta"]["id"] for one in told}) == 1
    assert [{**one["meta"], "attempt": 0} for one in told] == [
        {**told[0]["meta"], "attempt": 0}
    ] * 4


@pytest.mark.parametrize("status", [301, 404, 503])
async def test_an_answer_other_than_2xx_is_a_failure(admin, world, receiver, status):
    world.deliveries.time_scale = 0.001
    receiver.statuses = [status]
    await admin.subscribe(receiver.url)
    await admin.make()
    assert [one["meta"]["attempt"] for one in await _told(world, receiver)] == [1, 2]
    (hook,) = await admin.call("GET", "/api/v1/webhooks")
    assert hook["last_http_status"] == 200


async def test_ten_failed_first_tries_bring_a_ban_that_ends(admin, world, receiver):
    world.deliveries.time_scale = 0.0001
    await admin.subscribe(receiver.url)
    receiver.statuses = [500] * 40
    made = await admin.make()
    for number in range(9):
        await admin.change(made["id"], subject=str(number))
    assert len(await _told(world, receiver)) == 40
    await admin.change(made["id"], subject="within the ban")
    world.clock.advance(timedelta(minutes=29))
    await admin.change(made["id"], subject="still within the ban")
    assert len(await _told(world, receiver)) == 40
    world.clock.advance(timedelta(minutes=2))
    await admin.change(made["id"], subject="after the ban")
    told = await _told(world, receiver)
    assert [one["data"]["subject"] for one in told[40:]] == ["after the ban"]


async def test_a_success_in_between_keeps_the_ban_away(admin, world, receiver):
    world.deliveries.time_scale = 0
    await admin.subscribe(receiver.url)
    receiver.statuses = ([500, 200] * 9) + [200] + [500, 200] * 9
    made = await admin.make()
    for number in range(19):
        await admin.change(made["id"], subject=str(number))
        await world.deliveries.idle()
    assert len(await _told(world, receiver)) == 18 * 2 + 2


async def test_three_days_without_success_end_a_webhook(admin, world, receiver):
    world.deliveries.time_scale = 0
    await admin.subscribe(receiver.url)
    made = await admin.make()
    await world.deliveries.idle()
    world.clock.advance(timedelta(days=2, hours=23))
    receiver.statuses = [500] * 5
    await admin.change(made["id"], subject="A")
    await world.deliveries.idle()
    assert len(await admin.call("GET", "/api/v1/webhooks")) == 1
    world.clock.advance(timedelta(hours=1))
    await admin.change(made["id"], subject="B")
    await world.deliveries.idle()
    assert await admin.call("GET", "/api/v1/webhooks") == []


async def test_a_deleted_webhook_gets_no_second_try(admin, world, receiver, company):
    world.deliveries.time_scale = 0.1
    receiver.statuses = [500]
    hook = await admin.subscribe(receiver.url)
    await admin.make()
    await until(lambda: world.deliveries.counters.refused == 1)
    await admin.call("DELETE", f"/api/v1/webhooks/{hook['id']}")
    assert len(await _told(world, receiver)) == 1
    assert company.waiting == {}


@pytest.mark.parametrize(
    ("kind", "more", "deliveries"),
    [
        (FaultKind.DROP_WEBHOOK, {}, ["B"]),
        (FaultKind.DOUBLE_WEBHOOK, {}, ["A", "A", "B"]),
        (FaultKind.DELAY_WEBHOOK, {"ms": 200}, ["B", "A"]),
    ],
)
async def test_webhooks_are_lost_doubled_and_overtaken(
    admin, world, receiver, company, kind, more, deliveries
):
    await admin.subscribe(receiver.url)
    world.faults.arm(
        FaultOrder(provider="pipedrive", operation="webhooks.deliver", kind=kind, **more)
    )
    await admin.make(subject="A")
    await admin.make(subject="B")
    told = await _told(world, receiver)
    assert [one["data"]["subject"] for one in told] == deliveries
    assert company.waiting == {}


async def test_deliveries_use_no_tokens(admin, world, receiver, company):
    await admin.subscribe(receiver.url)
    await admin.make()
    await world.deliveries.idle()
    today = world.clock.now().date()
    assert world.pipedrive.budget.used_today(company.id, today) == 10 + 5
