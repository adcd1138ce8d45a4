"""The status that follows from the settings and the last words of the services."""

from itertools import permutations

import pytest
from tests.unit.settings_api.connections_made import MINUTE, NOW, connection, report

from settings_api.reports import after_report
from tandem.contracts.connections import (
    ConnectionChanged,
    ConnectionRemoved,
    ConnectionSettings,
    ConnectionStatus,
    HealthSignal,
)

PAUSED = ConnectionSettings(calendar_id="main", paused=True)


def test_the_gravest_comes_first():
    one = connection(settings=PAUSED)
    assert one.status is ConnectionStatus.PAUSED
    one = one.heard(report(HealthSignal.CALENDAR_GONE))
    assert one.status is ConnectionStatus.CALENDAR_GONE
    one = one.heard(report(HealthSignal.GRANT_LOST))
    assert one.status is ConnectionStatus.RECONNECT_NEEDED
    assert connection(started=False, reports=one.reports).status is ConnectionStatus.SETTING_UP
    assert connection().status is ConnectionStatus.ACTIVE


@pytest.mark.parametrize(
    ("services", "accounts"),
    [
        (("crm-ingest",), ["pipedrive"]),
        (("calendar-ingest",), ["google"]),
        (("calendar-ingest", "crm-ingest"), ["pipedrive", "google"]),
    ],
)
def test_the_accounts_to_connect_again_are_named(services, accounts):
    one = connection()
    for service in services:
        one = one.heard(report(HealthSignal.GRANT_LOST, service=service))
    assert one.lost_accounts == accounts
    for service in services:
        one = one.reconnected(service, NOW + MINUTE)
    assert (one.lost_accounts, one.status) == ([], ConnectionStatus.ACTIVE)


def test_the_newest_report_counts_in_whatever_order_they_come():
    reports = [
        report(HealthSignal.GRANT_LOST, at=NOW),
        report(HealthSignal.GRANT_RESTORED, at=NOW + MINUTE),
        report(HealthSignal.GRANT_LOST, at=NOW + 2 * MINUTE),
        report(HealthSignal.GRANT_RESTORED, at=NOW + 3 * MINUTE),
    ]
    for order in permutations(reports):
        one = connection()
        for each in order:
            one = after_report(one, each)
        assert one.status is ConnectionStatus.ACTIVE


def test_a_report_of_the_same_moment_changes_nothing():
    one = connection().heard(report(HealthSignal.GRANT_LOST))
    assert one.heard(report(HealthSignal.GRANT_RESTORED)) is one


def test_topics_of_reports_do_not_silence_each_other():
    one = connection().heard(report(HealthSignal.PUSH_DOWN, at=NOW + MINUTE, detail="refused"))
    one = one.heard(report(HealthSignal.GRANT_LOST, at=NOW))
    assert one.status is ConnectionStatus.RECONNECT_NEEDED
    push = one.push_of("calendar-ingest")
    assert push is not None
    assert (push.signal, push.detail) == (HealthSignal.PUSH_DOWN, "refused")
    assert one.push_of("crm-ingest") is None


def test_both_sides_must_have_been_read_to_be_synced():
    one = connection().heard(report(HealthSignal.SYNCED, at=NOW))
    assert one.last_synced is None
    one = one.heard(report(HealthSignal.SYNCED, service="crm-ingest", at=NOW + MINUTE))
    assert one.last_synced == NOW


@pytest.mark.parametrize(("side", "account"), [("crm", "pipedrive"), ("calendar", "google")])
def test_the_reconciler_reports_of_the_side_that_it_names(side, account):
    one = after_report(
        connection(), report(HealthSignal.GRANT_LOST, service="reconciler", detail=side)
    )
    assert one.lost_accounts == [account]


def test_released_is_heard_of_a_removed_connection_alone():
    released = report(HealthSignal.RELEASED, service="reconciler")
    assert not after_report(connection(), released).released
    assert after_report(connection(removed_at=NOW), released).released


def test_a_late_trouble_of_the_reconciler_is_answered_by_telling_again():
    mended = connection().reconnected("calendar-ingest", NOW)
    late = report(HealthSignal.GRANT_LOST, service="reconciler", at=NOW - MINUTE, detail="calendar")
    told = after_report(mended, late)
    assert (told.status, told.revision) == (ConnectionStatus.ACTIVE, mended.revision + 1)
    early = report(HealthSignal.GRANT_LOST, at=NOW - MINUTE)
    assert after_report(mended, early) is mended


def test_a_message_tells_the_whole_state_or_the_end():
    one = connection(revision=5)
    told = one.as_message(message_id=one.connection_id, at=NOW)
    assert isinstance(told, ConnectionChanged)
    assert (told.revision, told.status, told.settings) == (5, one.status, one.settings)
    assert told.key == str(one.connection_id)
    end = connection(revision=6, removed_at=NOW, remove_events=True)
    told_of_end = end.as_message(message_id=one.connection_id, at=NOW)
    assert isinstance(told_of_end, ConnectionRemoved)
    assert (told_of_end.revision, told_of_end.remove_events) == (6, True)
