"""The company that each journey has for itself, whichever stack it runs on."""

from collections.abc import Iterator

import pytest
from tests.e2e.company import Company

from tandem_embedded.stack import Stack


@pytest.fixture
def company(stack: Stack) -> Iterator[Company]:
    """A company with two users and their mailboxes, new in this sandbox."""
    with Company.found(stack) as founded:
        yield founded
