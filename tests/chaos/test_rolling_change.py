"""A release takes the place of the one before it in the middle of the work."""

import asyncio
from dataclasses import replace

import pytest
from tests.chaos import previous_release
from tests.chaos.groups import REBALANCE_S, SHARED, Groups
from tests.chaos.workload import OVERRIDES, Workload
from tests.e2e.company import Company
from tests.e2e.stacks import running

from tandem.runtime.migrate import CREDENTIALS, SCHEMAS, bring_up_to_date
from tandem_embedded.stack import SERVICES, Stack

CHANGES = 200
ALL_ROLES = "web,reader,writer,sweeper"


@pytest.fixture
def earlier(scratch):
    """A stack whose services are of the earlier release."""
    if not previous_release.is_known():
        pytest.skip(f"{previous_release.COMMIT} is not in this checkout")
    yield from running(
        scratch / "rolling", overrides=OVERRIDES | previous_release.unpack(scratch / "earlier")
    )


@pytest.fixture
def present(earlier):
    """Processes of the present release, none of them started, for the same servers and ports."""
    stack = Stack(
        replace(
            earlier.options,
            overrides=OVERRIDES,
            kafka=earlier.kafka_address,
            database_url=earlier.database_url,
        )
    )
    yield stack
    for name, child in stack.children.items():
        if name != "sandbox":
            child.stop()


@pytest.mark.timeout(400)
def test_a_release_takes_the_place_of_the_one_before_amid_changes(earlier, present):
    with Company.found(earlier) as company:
        company.first.connect()
        work = Workload(company.first, changes=CHANGES, at_once=False)
        work.prepare()
        work.start()
        for what in (*SCHEMAS, CREDENTIALS):
            asyncio.run(bring_up_to_date(earlier.database_url, what))
        earlier.child("reconciler").kill()
        earlier.restart("reconciler")  # what dies while the schema is ahead comes back
        with Groups(earlier.kafka_address, *SHARED) as groups:
            groups.wait_for(1)
            for service in SERVICES:
                work.allow(CHANGES // len(SERVICES))
                _replace(service, earlier, present)
            work.finish()
        work.check(company)
    assert max(groups.unstable_s.values()) < REBALANCE_S, groups.unstable_s


def _replace(service: str, earlier: Stack, present: Stack) -> None:
    """One process more than before, then one less; in the end the new one is where the old was."""
    more = present.add_copy(service, roles=ALL_ROLES)
    present.child(more).start()
    present.wait_ready(more)
    earlier.child(service).stop()
    present.child(service).start()
    present.wait_ready(service)
    present.child(more).stop()
