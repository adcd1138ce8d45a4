"""A partial change of settings: what is not given stays, what does not go together is refused."""

import pytest
from pydantic import ValidationError
from tests.unit.settings_api.connections_made import MINUTE, NOW, connection, report

from settings_api.api.changes import SettingsChange
from settings_api.problem import ProblemError
from tandem.contracts.connections import (
    ConnectionSettings,
    ConnectionStatus,
    Direction,
    HealthSignal,
)

OTHER = ConnectionSettings(
    calendar_id="second", synced_types=frozenset({"call"}), horizon_days=30, paused=True
)


def test_what_is_not_given_stays():
    one = connection(settings=OTHER)
    assert SettingsChange().applied_to(one, at=NOW) == one
    changed = SettingsChange(horizon_days=60).applied_to(one, at=NOW)
    assert changed.settings == OTHER.model_copy(update={"horizon_days": 60})


def test_a_default_that_is_given_is_a_change():
    changed = SettingsChange(paused=False, synced_types=None).applied_to(
        connection(settings=OTHER), at=NOW
    )
    assert changed.settings == OTHER.model_copy(update={"paused": False, "synced_types": None})


@pytest.mark.rule("2.4")
def test_a_type_of_events_needs_both_directions():
    one_way = connection(settings=OTHER.model_copy(update={"direction": Direction.ONE_WAY}))
    with pytest.raises(ProblemError, match="save_events_as"):
        SettingsChange(save_events_as="lunch").applied_to(one_way, at=NOW)
    both = SettingsChange(save_events_as="lunch", direction=Direction.TWO_WAY)
    assert both.applied_to(one_way, at=NOW).settings.save_events_as == "lunch"


def test_a_chosen_calendar_is_not_gone_any_more():
    gone = connection().heard(report(HealthSignal.CALENDAR_GONE))
    assert gone.status is ConnectionStatus.CALENDAR_GONE
    for calendar_id in ("second", "main"):
        chosen = SettingsChange(calendar_id=calendar_id).applied_to(gone, at=NOW + MINUTE)
        assert chosen.status is ConnectionStatus.ACTIVE
    assert SettingsChange(paused=False).applied_to(gone, at=NOW + MINUTE).status is gone.status


@pytest.mark.parametrize(
    "wrong",
    [
        {"paused": 1},
        {"paused": "true"},
        {"paused": None},
        {"horizon_days": True},
        {"horizon_days": 1.0},
        {"horizon_days": "5"},
        {"synced_types": "call"},
        {"synced_types": [None]},
        {"synced_types": ["x"] * 501},
        {"calendar_id": 1},
        {"calendar_id": ""},
        {"direction": 0},
        {"colour": "red"},
    ],
)
def test_types_are_not_bent_and_unknown_fields_refused(wrong):
    with pytest.raises(ValidationError):
        SettingsChange.model_validate(wrong)
