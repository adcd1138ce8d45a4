"""Any part may be killed in the middle of the work: both sides converge all the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chaos.workload import OVERRIDES, Workload
from tests.e2e.company import Company
from tests.e2e.stacks import running

from tandem_embedded.stack import Stack


@pytest.fixture(scope="module")
def stack(scratch: Path) -> Iterator[Stack]:
    """A stack of its own: what is killed here must not disturb other tests."""
    yield from running(scratch / "chaos", overrides=OVERRIDES)


@pytest.fixture
def forgetful_stack(scratch: Path) -> Iterator[Stack]:
    """A stack whose broker keeps nothing over its restart."""
    yield from running(scratch / "forgetful", overrides=OVERRIDES, in_memory_kafka=True)


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "part",
    ["crm_ingest", "calendar_ingest", "reconciler", "settings_api", "kafka", "postgres"],
)
def test_killing_a_part_loses_and_doubles_nothing(stack, part):
    with Company.found(stack) as company:
        company.first.connect()
        _kill_in_the_middle(stack, company, part)


@pytest.mark.timeout(400)
def test_a_broker_that_forgets_everything_is_made_up_for_by_sweeps(forgetful_stack):
    with Company.found(forgetful_stack) as company:
        company.first.connect()
        _kill_in_the_middle(forgetful_stack, company, "kafka")


def _kill_in_the_middle(stack: Stack, company: Company, part: str) -> None:
    work = Workload(company.first)
    work.prepare()
    work.start()
    assert work.halfway.wait(60)
    stack.child(part).kill()
    stack.restart(part)
    work.finish()
    for name in stack.children:
        stack.wait_ready(name)
    work.check(company)
