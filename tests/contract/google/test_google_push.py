"""Channels: who is told of what, in which order, and for how long."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from tests.contract.google.clients import refused
from tests.contract.google.servers import eventually

from tandem_sandbox.faults import FaultKind, FaultOrder


def _watch(person, receiver, channel_id="channel-1", calendar="primary", **more):
    body = {"id": channel_id, "type": "web_hook", "address": receiver.url, **more}
    return person.events.watch(calendarId=calendar, body=body).execute()


def _idle(world):
    eventually(lambda: world.deliveries.pending == 0)


def test_a_channel_begins_with_a_sync_message(anna, receiver, world):
    channel = _watch(anna, receiver, token="secret", params={"ttl": "3600"})
    eventually(lambda: receiver.messages)
    message = receiver.messages[0]
    expires = parsedate_to_datetime(message["x-goog-channel-expiration"])
    assert channel["kind"] == "api#channel"
    assert message["x-goog-channel-id"] == "channel-1"
    assert message["x-goog-channel-token"] == channel["token"] == "secret"
    assert message["x-goog-message-number"] == "1"
    assert message["x-goog-resource-state"] == "sync"
    assert message["x-goog-resource-id"] == channel["resourceId"]
    assert message["x-goog-resource-uri"] == channel["resourceUri"]
    assert receiver.bodies == [b""]
    assert abs(int(channel["expiration"]) / 1000 - expires.timestamp()) < 1
    assert abs(expires - world.clock.now() - timedelta(hours=1)) < timedelta(seconds=30)


def test_every_change_is_one_message_in_order(anna, receiver):
    _watch(anna, receiver)
    made = anna.insert()
    anna.patch(made["id"], summary="New")
    anna.delete(made["id"])
    eventually(lambda: len(receiver.messages) == 4)
    assert receiver.states("channel-1") == [
        ("1", "sync"),
        ("2", "exists"),
        ("3", "exists"),
        ("4", "exists"),
    ]


def test_changes_elsewhere_and_reads_are_not_told(anna, receiver, world):
    _watch(anna, receiver)
    anna.insert(calendar="sales1.projects@north.example")
    anna.listed()
    eventually(lambda: receiver.messages)
    _idle(world)
    assert receiver.states("channel-1") == [("1", "sync")]


def test_a_guest_is_told_of_his_copy_and_the_organizer_of_the_answer(anna, boris, receiver, world):
    _watch(anna, receiver, "of-anna")
    _watch(boris, receiver, "of-boris")
    made = anna.insert(attendees=[{"email": boris.email}])
    _idle(world)
    assert receiver.states("of-boris")[1:] == [("2", "exists")]
    boris.patch(
        made["id"],
        attendeesOmitted=True,
        attendees=[{"email": boris.email, "responseStatus": "accepted"}],
    )
    _idle(world)
    assert receiver.states("of-anna")[1:] == [("2", "exists"), ("3", "exists")]


def test_a_stopped_channel_is_silent(anna, receiver, world):
    channel = _watch(anna, receiver)
    stop = {"id": channel["id"], "resourceId": channel["resourceId"]}
    anna.service.channels().stop(body=stop).execute()
    anna.insert()
    _idle(world)
    assert receiver.states("channel-1") == [("1", "sync")]
    with refused(404, "notFound"):
        anna.service.channels().stop(body=stop).execute()


def test_only_who_opened_a_channel_can_stop_it(anna, boris, receiver):
    channel = _watch(anna, receiver)
    for person, body in (
        (boris, {"id": channel["id"], "resourceId": channel["resourceId"]}),
        (anna, {"id": channel["id"], "resourceId": "other"}),
    ):
        with refused(404, "notFound"):
            person.service.channels().stop(body=body).execute()
    with refused(400, "required"):
        anna.service.channels().stop(body={"id": channel["id"]}).execute()


def test_an_expired_channel_is_silent_and_its_id_is_free(anna, receiver, world):
    _watch(anna, receiver, params={"ttl": "3600"})
    with refused(400, "channelIdNotUnique"):
        _watch(anna, receiver)
    world.clock.advance(timedelta(hours=2))
    anna.insert()
    _idle(world)
    assert receiver.states("channel-1") == [("1", "sync")]
    _watch(anna, receiver)


def test_without_a_wish_a_channel_lives_a_week(anna, receiver, world):
    channel = _watch(anna, receiver)
    expires = datetime.fromtimestamp(int(channel["expiration"]) / 1000, UTC)
    assert abs(expires - world.clock.now() - timedelta(days=7)) < timedelta(seconds=30)
    assert "token" not in channel


def test_a_wished_expiration_counts_as_well(anna, receiver):
    wanted = int((time.time() + 7200) * 1000)
    channel = _watch(anna, receiver, expiration=str(wanted))
    assert abs(int(channel["expiration"]) - wanted) < 1000


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"id": ""}, "required"),
        ({"id": "x" * 65}, "invalid"),
        ({"type": "pigeon"}, "invalid"),
        ({"address": "ftp://x.example"}, "push.webhookUrlNotHttps"),
        ({"token": "x" * 257}, "invalid"),
        ({"params": {"ttl": "soon"}}, "invalid"),
        ({"params": {"ttl": "-5"}}, "invalid"),
    ],
)
def test_channels_that_cannot_be_are_refused(anna, receiver, wrong, reason):
    body = {"id": "channel-1", "type": "web_hook", "address": receiver.url, **wrong}
    with refused(400, reason):
        anna.events.watch(calendarId="primary", body=body).execute()


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_troubled_receiver_is_tried_again_with_the_same_message(anna, receiver, world, status):
    world.deliveries.time_scale = 0.001
    receiver.statuses += [status, status]
    _watch(anna, receiver)
    eventually(lambda: len(receiver.messages) == 3)
    assert receiver.states("channel-1") == [("1", "sync")] * 3


@pytest.mark.parametrize("status", [400, 404, 410, 429])
def test_a_refusing_receiver_is_not_tried_again(anna, receiver, world, status):
    world.deliveries.time_scale = 0.001
    receiver.statuses += [status]
    _watch(anna, receiver)
    anna.insert()
    eventually(lambda: len(receiver.messages) == 2)
    _idle(world)
    assert receiver.states("channel-1") == [("1", "sync"), ("2", "exists")]


def test_messages_can_be_lost_or_doubled_by_faults(anna, receiver, world):
    _watch(anna, receiver)
    _idle(world)
    for kind in (FaultKind.DROP_WEBHOOK, FaultKind.DOUBLE_WEBHOOK):
        world.faults.arm(FaultOrder(provider="google", account=anna.email, kind=kind))
        anna.insert()
    _idle(world)
    assert receiver.states("channel-1") == [("1", "sync"), ("3", "exists"), ("3", "exists")]


def test_the_list_of_calendars_can_be_watched(anna, receiver, world):
    body = {"id": "list-1", "type": "web_hook", "address": receiver.url}
    anna.service.calendarList().watch(body=body).execute()
    anna.service.calendars().insert(body={"summary": "New"}).execute()
    anna.insert()
    _idle(world)
    assert receiver.states("list-1") == [("1", "sync"), ("2", "exists")]
