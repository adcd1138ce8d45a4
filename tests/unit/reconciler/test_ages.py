"""The age of a change is counted from the stamp of the side that made it."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import sentinel

import pytest

from reconciler.ages import AGE_MAX_S, note_age
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.connections import Provider
from tandem.contracts.outcomes import EventWritten
from tandem.runtime.clock import SystemClock
from tandem.runtime.metrics import CHANGE_SECONDS

NOW = SystemClock().now()
CONNECTION = cast("Any", SimpleNamespace(known=SimpleNamespace(provider=Provider.GOOGLE)))


def _partial(model: Any) -> Any:
    """Makes a value of which only the fields given are there."""
    return model.model_construct


def _counted() -> float:
    return sum(
        sample.value
        for metric in CHANGE_SECONDS.collect()
        for sample in metric.samples
        if sample.name.endswith("_count")
        and sample.labels == {"provider": "google", "direction": "to_calendar"}
    )


def _noted(age_s: float) -> float:
    before = _counted()
    origin = _partial(ActivitySnapshot)(updated_at=NOW - timedelta(seconds=age_s))
    note_age(CONNECTION, _partial(EventWritten)(observed_at=NOW), origin)
    return _counted() - before


@pytest.mark.parametrize(("age_s", "counted"), [(2, 1), (AGE_MAX_S, 1), (AGE_MAX_S + 1, 0)])
def test_a_change_is_counted_unless_it_is_older_than_an_hour(age_s, counted):
    assert _noted(age_s) == counted


def test_a_clock_that_is_ahead_counts_as_no_time():
    assert _noted(-3) == 1


def test_what_has_no_stamp_is_not_counted():
    before = _counted()
    note_age(CONNECTION, _partial(EventWritten)(observed_at=NOW), sentinel.nothing)
    assert _counted() == before
