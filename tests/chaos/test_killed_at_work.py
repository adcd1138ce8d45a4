"""Any part may be killed in the middle of the work: both sides converge all the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chaos.workload import Workload
from tests.e2e.company import Company

from tandem_embedded.addresses import Ports
from tandem_embedded.stack import Stack, StackOptions

OVERRIDES = {
    "SWEEP_INTERVAL_S": "5",
    "SWEEP_QUIET_INTERVAL_S": "5",
    "GOOGLE_USER_REQUESTS_PER_MINUTE": "60000",
    # The work deletes so much that the brake would hold it wherever links are quick enough.
    "DELETIONS_MAX": "1000",
}


@pytest.fixture(scope="module")
def stack(scratch: Path) -> Iterator[Stack]:
    """A stack of its own: what is killed here must not disturb other tests."""
    options = StackOptions(
        folder=scratch / "chaos",
        ports=Ports.free(),
        durable=False,
        partitions=4,
        overrides=OVERRIDES,
    )
    yield from _running(options)


@pytest.fixture
def forgetful_stack(scratch: Path) -> Iterator[Stack]:
    """A stack whose broker keeps nothing over its restart."""
    options = StackOptions(
        folder=scratch / "forgetful",
        ports=Ports.free(),
        in_memory_kafka=True,
        durable=False,
        partitions=4,
        overrides=OVERRIDES,
    )
    yield from _running(options)


def _running(options: StackOptions) -> Iterator[Stack]:
    running = Stack(options)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        running.forget()


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
