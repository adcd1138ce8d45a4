"""When a connection decides, starts, and why it does not."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.unit.reconciler.samples import connection, told

from reconciler.core.reasons import Reason
from tandem.contracts.connections import ConnectionStatus


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (ConnectionStatus.SETTING_UP, Reason.AWAITING),
        (ConnectionStatus.ACTIVE, None),
        (ConnectionStatus.NEEDS_CONFIRMATION, None),
        (ConnectionStatus.PAUSED, Reason.PAUSED),
        (ConnectionStatus.RECONNECT_NEEDED, Reason.AUTH_LOST),
        (ConnectionStatus.CALENDAR_GONE, Reason.CALENDAR_GONE),
    ],
)
def test_each_status_says_why_nothing_is_written(status, reason):
    one = connection(told=told(status=status))
    assert one.resting is reason
    assert one.decides is (reason is None)


def test_a_pause_holds_whatever_the_status():
    assert connection(told=told(settings={"paused": True})).resting is Reason.PAUSED


def test_a_removed_or_blocked_connection_rests():
    assert connection(removed=True).resting is Reason.DISCONNECTED
    assert connection(blocked=Reason.AUTH_LOST).resting is Reason.AUTH_LOST


def test_a_connection_starts_once_when_both_sides_were_read():
    assert not connection(started=False, both_read=False).can_start
    assert connection(started=False).can_start
    assert not connection().can_start


def test_newer_settings_unblock_and_keep_the_start():
    blocked = connection(blocked=Reason.AUTH_LOST)
    changed = blocked.changed_to(told(revision=2, settings={"direction": "one_way"}))
    assert (changed.revision, changed.blocked, changed.started) == (2, None, True)
    assert changed.policy != blocked.policy


def test_rules_that_changed_at_rest_are_remembered_until_they_are_applied():
    paused = connection().changed_to(told(revision=2, settings={"paused": True}))
    assert not paused.rules_changed
    changed = paused.changed_to(told(revision=3, settings={"paused": True, "direction": "one_way"}))
    resumed = changed.changed_to(told(revision=4, settings={"direction": "one_way"}))
    assert (changed.rules_changed, resumed.rules_changed) == (True, True)
    assert not changed.changed_to(told(revision=4, settings={"calendar_id": "other"})).rules_changed


def test_another_calendar_starts_from_the_beginning():
    restored = connection(restored_at=datetime.now(UTC))
    changed = restored.changed_to(told(revision=2, settings={"calendar_id": "other"}))
    assert not changed.started
    assert not changed.both_read
    assert changed.restored_at is None
    assert changed.syncs("other")


def test_the_owners_addresses_are_compared_in_lower_case():
    assert connection().policy.owner_emails == {"mailbox@example.com", "owner@example.com"}


def test_only_a_removed_connection_without_its_settings_is_forgotten():
    assert not connection(removed=True).forgotten
    assert replace(connection(removed=True), told=None).forgotten
