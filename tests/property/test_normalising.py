"""Normalising twice is normalising once, whatever a provider holds and however it is written."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.property.edits import rules
from tests.property.vendors import WAYS, zones

from reconciler.core.normalize import as_activity_shows

BOUNDED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.rule("4.20")
@pytest.mark.parametrize("provider", WAYS)
def test_normalising_twice_is_normalising_once_for_every_provider(provider):
    way = WAYS[provider]

    @BOUNDED
    @given(way.held, rules, zones)
    def holds(held, chosen, zone):
        once = way.read(held, chosen)
        assert once is not None
        twice = way.again(once, chosen, zone)
        assert twice is not None
        assert twice == way.shown(once)
        assert way.again(twice, chosen, zone) == twice

    holds()


@BOUNDED
@given(st.one_of(*(st.tuples(st.just(way), way.held) for way in WAYS.values())), rules)
def test_what_an_activity_shows_of_a_meeting_it_shows_of_that_again(held, chosen):
    way, item = held
    once = way.read(item, chosen)
    assert once is not None
    shown = as_activity_shows(once)
    assert as_activity_shows(shown) == shown
