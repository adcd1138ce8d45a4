"""Which change of a connection has both sides read again."""

from dataclasses import replace

import pytest
from tests.unit.settings_api.connections_made import NOW, connection, report

from settings_api.announcements import looks_the_same, reading_after
from settings_api.connection import CALENDAR_SERVICE, Connection
from tandem.contracts.connections import ConnectionSettings, HealthSignal
from tandem.contracts.requests import BackfillRequested, ResyncRequested

RUNNING = connection()
LOST = RUNNING.heard(report(HealthSignal.GRANT_LOST))
GONE = RUNNING.heard(report(HealthSignal.CALENDAR_GONE))


def _with(one: Connection, **settings: object) -> Connection:
    return replace(
        one, settings=ConnectionSettings.model_validate(one.settings.model_dump() | settings)
    )


PAUSED = _with(RUNNING, paused=True)


@pytest.mark.parametrize(
    ("before", "after", "request_kind"),
    [
        (replace(RUNNING, started=False), RUNNING, BackfillRequested),
        (replace(PAUSED, started=False), PAUSED, BackfillRequested),
        (RUNNING, _with(RUNNING, calendar_id="other"), BackfillRequested),
        (GONE, _with(RUNNING, calendar_id="other"), BackfillRequested),
        (PAUSED, RUNNING, ResyncRequested),
        (LOST, RUNNING, ResyncRequested),
        (LOST, LOST.reconnected(CALENDAR_SERVICE, NOW), ResyncRequested),
        (_with(LOST, paused=True), PAUSED, ResyncRequested),
        (GONE, RUNNING, ResyncRequested),
        (RUNNING, RUNNING, None),
        (RUNNING, PAUSED, None),
        (RUNNING, LOST, None),
        (RUNNING, _with(RUNNING, direction="one_way"), None),
        (_with(LOST, paused=True), LOST, None),
        (replace(PAUSED, started=False), replace(RUNNING, started=False), None),
        (PAUSED, replace(RUNNING, removed_at=NOW), None),
    ],
)
def test_what_is_new_is_backfilled_and_what_was_not_watched_is_read_again(
    before: Connection, after: Connection, request_kind: type | None
):
    assert reading_after(before, after) is request_kind


def test_push_and_sync_are_nothing_that_other_services_see():
    for signal in (HealthSignal.PUSH_UP, HealthSignal.PUSH_DOWN, HealthSignal.SYNCED):
        assert looks_the_same(RUNNING, RUNNING.heard(report(signal)))
    assert not looks_the_same(RUNNING, LOST)
    assert looks_the_same(RUNNING, replace(RUNNING, revision=9))
