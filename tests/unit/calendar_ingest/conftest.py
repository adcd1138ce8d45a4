"""A scripted Google, a clock that stands still, and tokens, for the tests of Google's adapter."""

import pytest
from tests.unit.calendar_ingest.google_script import Script, StillClock, Tokens


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()
