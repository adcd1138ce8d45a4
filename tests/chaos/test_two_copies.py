"""Services share their work with copies that come, go and die: nothing is lost or doubled."""

import pytest
from tests.chaos.groups import REBALANCE_S, SHARED, Groups
from tests.chaos.workload import OVERRIDES, Workload
from tests.e2e.company import Company
from tests.e2e.stacks import running

CHANGES = 500
ACTS = 5
COPIES = {"reconciler": "reader,sweeper", "crm_ingest": "writer", "calendar_ingest": "writer"}


@pytest.fixture
def stack(scratch):
    """A stack of its own, which a second process of three services can join."""
    yield from running(scratch / "copies", overrides=OVERRIDES)


@pytest.mark.timeout(400)
def test_copies_that_come_go_and_die_lose_and_double_nothing(stack):
    copies = [stack.add_copy(service, roles=roles) for service, roles in COPIES.items()]
    with (
        Company.found(stack) as company,
        Groups(stack.kafka_address, *SHARED) as groups,
    ):
        company.first.connect()
        groups.wait_for(1)
        work = Workload(company.first, changes=CHANGES, at_once=False)
        work.prepare()
        work.start()

        def amid_changes():
            work.allow(CHANGES // ACTS)

        amid_changes()
        _start(stack, copies)
        groups.wait_for(2)

        amid_changes()
        for name in copies:
            stack.child(name).stop()
        groups.wait_for(1)

        amid_changes()
        _start(stack, copies)
        groups.wait_for(2)

        amid_changes()
        stack.child("reconciler").kill()
        for name in copies[1:]:
            stack.child(name).kill()
        groups.wait_for(1)

        amid_changes()
        _start(stack, ["reconciler", *copies[1:]])
        groups.wait_for(2)

        work.finish()
        work.check(company)
    assert groups.rebalances > len(SHARED)  # the shortest of them nobody sees
    assert max(groups.unstable_s.values()) < REBALANCE_S, groups.unstable_s


def _start(stack, names):
    for name in names:
        stack.child(name).start()
    for name in names:
        stack.wait_ready(name)
