"""Synchronization and subscriptions, as exchangelib uses them."""

from datetime import timedelta

import pytest
from exchangelib import Account
from exchangelib.errors import (
    ErrorExpiredSubscription,
    ErrorInvalidSyncStateData,
    ErrorSubscriptionNotFound,
)
from exchangelib.items import SEND_TO_NONE
from tests.contract.exchange.conftest import ANNA
from tests.contract.exchange.test_exchange_items import made
from tests.contract.google.servers import Receiver, eventually, serving

from tandem_sandbox.world import World


def synced(account: Account, state: str | None = None) -> list[tuple[str, str]]:
    if state is not None:
        account.calendar.item_sync_state = state
    return [(kind, item.id) for kind, item in account.calendar.sync_items(only_fields=["id"])]


def test_synchronization_tells_what_came_changed_and_went_once(anna: Account):
    items = [made(anna, f"Event {number}") for number in range(3)]
    assert synced(anna) == [("create", item.id) for item in items]
    assert synced(anna) == []
    items[0].subject = "Changed"
    items[0].save(update_fields=["subject"], send_meeting_invitations=SEND_TO_NONE)
    gone = items[1].id
    items[1].move_to_trash(send_meeting_cancellations=SEND_TO_NONE)
    assert synced(anna) == [("update", items[0].id), ("delete", gone)]


def test_an_expired_sync_state_is_refused(anna: Account, world: World):
    made(anna)
    synced(anna)
    world.exchange.expire_sync_states(ANNA)
    with pytest.raises(ErrorInvalidSyncStateData):
        synced(anna)
    with pytest.raises(ErrorInvalidSyncStateData):
        synced(anna, "bm9uc2Vuc2U=")


def test_pulled_notices_tell_what_happened_behind_the_watermark(anna: Account, world: World):
    subscription_id, mark = anna.calendar.subscribe_to_pull(timeout=10)
    item = made(anna)
    [notice] = anna.calendar.get_events(subscription_id, mark)
    assert [(type(one).__name__, one.item_id.id) for one in notice.events] == [
        ("CreatedEvent", item.id)
    ]
    [nothing] = anna.calendar.get_events(subscription_id, notice.events[-1].watermark)
    assert [type(one).__name__ for one in nothing.events] == ["StatusEvent"]
    world.clock.advance(timedelta(minutes=11))
    with pytest.raises(ErrorExpiredSubscription):
        list(anna.calendar.get_events(subscription_id, mark))
    another, mark = anna.calendar.subscribe_to_pull(timeout=10)
    anna.calendar.unsubscribe(another)
    with pytest.raises(ErrorSubscriptionNotFound):
        list(anna.calendar.get_events(another, mark))


def test_streamed_notices_come_over_an_open_connection(anna: Account):
    subscription_id = anna.calendar.subscribe_to_streaming()
    item = made(anna)
    notices = anna.calendar.get_streaming_events(
        subscription_id, connection_timeout=1, max_notifications_returned=1
    )
    [notice] = notices
    assert [one.item_id.id for one in notice.events] == [item.id]


def test_pushed_notices_are_posted_until_the_receiver_refuses(anna: Account, world: World):
    receiver = Receiver(statuses=[200, 500])
    with serving(receiver.app()) as url:
        anna.calendar.subscribe_to_push(f"{url}/push", status_frequency=1)
        item = made(anna)
        eventually(lambda: len(receiver.bodies) == 1)
        assert b"CreatedEvent" in receiver.bodies[0]
        assert item.id.encode() in receiver.bodies[0]
        item.subject = "Changed"
        item.save(update_fields=["subject"], send_meeting_invitations=SEND_TO_NONE)
        eventually(lambda: not world.exchange.subscriptions)
        assert b"ModifiedEvent" in receiver.bodies[1]
