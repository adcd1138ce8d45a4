"""Subscriptions: addresses that are asked first, notices of changes, and notices of their fate."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgraph.generated.models.subscription import Subscription
from tests.contract.microsoft.clients import Person, Receiver, asked, eventually, refused


def _wanted(receiver: Receiver, **changes: Any) -> Subscription:
    return Subscription(
        **{
            "change_type": "created,updated,deleted",
            "notification_url": f"{receiver.url}/changes",
            "lifecycle_notification_url": f"{receiver.url}/fate",
            "resource": "/me/events",
            "expiration_date_time": datetime.now(UTC) + timedelta(days=3),
            "client_state": "a secret",
            **changes,
        }
    )


async def _subscribe(anna: Person, receiver: Receiver, **changes: Any) -> Subscription:
    made = await anna.client.subscriptions.post(_wanted(receiver, **changes))
    assert made is not None
    return made


async def test_both_addresses_are_asked_for_their_token(anna: Person, receiver: Receiver):
    made = await _subscribe(anna, receiver)
    assert made.client_state == "a secret"
    assert len(set(receiver.tokens)) == 2
    assert all(" " in token for token in receiver.tokens), "a token has to be decoded"
    listed = await anna.client.subscriptions.get()
    assert [(one.id, one.client_state) for one in listed.value] == [(made.id, None)]


@pytest.mark.parametrize("deaf", ["changes", "fate"])
async def test_an_address_that_does_not_give_its_token_back_gets_no_subscription(
    anna: Person, receiver: Receiver, deaf: str
):
    receiver.deaf.add(deaf)
    with refused(400, "ValidationError"):
        await _subscribe(anna, receiver)
    assert (await anna.client.subscriptions.get()).value == []


async def test_each_change_is_told_with_the_secret_and_without_content(
    anna: Person, receiver: Receiver
):
    made = await _subscribe(anna, receiver)
    event = await anna.make("Nobody's business")
    await anna.change(event.id, subject="Nobody's business either")
    await anna.me.events.by_event_id(event.id).delete()
    await eventually(lambda: len(receiver.notices) == 3)
    assert {kind for kind, _ in receiver.notices} == {"changes"}
    told = [one for _, one in receiver.notices]
    assert [one["changeType"] for one in told] == ["created", "updated", "deleted"]
    assert {one["clientState"] for one in told} == {"a secret"}
    assert {one["subscriptionId"] for one in told} == {made.id}
    assert {one["resourceData"]["id"] for one in told} == {event.id}
    assert "business" not in str(told)


async def test_ids_in_notices_are_of_the_kind_that_the_subscription_asked_for(
    anna: Person, receiver: Receiver
):
    builder = anna.client.subscriptions
    wanted = asked(builder, "SubscriptionsRequestBuilderGetQueryParameters", 'IdType="ImmutableId"')
    await builder.post(_wanted(receiver), request_configuration=wanted)
    event = await anna.make()
    await eventually(lambda: receiver.notices)
    immutable = await anna.get(event.id, 'IdType="ImmutableId"')
    assert receiver.notices[0][1]["resourceData"]["id"] == immutable.id


async def test_changes_elsewhere_are_not_told(anna: Person, receiver: Receiver, world):
    await _subscribe(anna, receiver, change_type="deleted")
    answer = await anna.raw("GET", "/me/calendars")
    other = next(one["id"] for one in answer.json()["value"] if one["name"] == "Projects")
    await anna.raw(
        "POST",
        f"/me/calendars/{other}/events",
        json={
            "subject": "Elsewhere",
            "start": {"dateTime": "2027-06-01T10:00:00", "timeZone": "UTC"},
            "end": {"dateTime": "2027-06-01T11:00:00", "timeZone": "UTC"},
        },
    )
    await anna.make()
    await eventually(lambda: world.deliveries.pending == 0)
    assert receiver.notices == []


@pytest.mark.parametrize("fate", ["missed", "reauthorizationRequired", "subscriptionRemoved"])
async def test_its_fate_is_told_at_the_other_address(
    anna: Person, receiver: Receiver, base_url: str, fate: str
):
    made = await _subscribe(anna, receiver)
    order = {"email": anna.email, "event": fate}
    answer = await anna.raw("POST", f"{base_url}/_control/microsoft/lifecycle", json=order)
    assert answer.json() == {"told": 1}
    await eventually(lambda: receiver.notices)
    [(kind, notice)] = receiver.notices
    assert (kind, notice["lifecycleEvent"], notice["clientState"]) == ("fate", fate, "a secret")
    left = (await anna.client.subscriptions.get()).value
    assert [one.id for one in left] == ([] if fate == "subscriptionRemoved" else [made.id])


async def test_it_is_prolonged_as_far_as_it_is_granted_and_ended_once(
    anna: Person, receiver: Receiver
):
    now = datetime.now(UTC)
    made = await _subscribe(anna, receiver, expiration_date_time=now + timedelta(hours=1))
    one = anna.client.subscriptions.by_subscription_id(made.id)
    longer = await one.patch(Subscription(expiration_date_time=now + timedelta(days=30)))
    assert timedelta(days=6) < longer.expiration_date_time - now < timedelta(days=8)
    await one.reauthorize.post()
    await one.delete()
    with refused(404, "ResourceNotFound"):
        await one.delete()
    with refused(404, "ResourceNotFound"):
        await one.patch(Subscription(expiration_date_time=now + timedelta(days=1)))


async def test_the_same_subscription_twice_is_a_conflict(anna: Person, receiver: Receiver):
    await _subscribe(anna, receiver)
    with refused(409, "ExtensionError"):
        await _subscribe(anna, receiver)


async def test_a_notice_that_is_not_taken_comes_again(anna: Person, receiver: Receiver, world):
    world.deliveries.time_scale = 0.0
    receiver.statuses = [503, 503]
    await _subscribe(anna, receiver)
    await anna.make()
    await eventually(lambda: len(receiver.notices) == 3)
    await eventually(lambda: world.deliveries.pending == 0)
    assert len({one["resourceData"]["id"] for _, one in receiver.notices}) == 1
