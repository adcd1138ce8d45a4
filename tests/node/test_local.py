"""The overlay `local` on a whole node: it syncs, and a release takes the place of another."""

import pytest
from tests.chaos.workload import Workload
from tests.e2e.company import Company
from tests.node.conftest import NEXT_RELEASE, RELEASE

from tandem_embedded.description import describe
from tandem_embedded.smoke import smoke

CHANGES = 200
PODS = 8

pytestmark = pytest.mark.timeout(1800)


def test_what_is_made_on_one_side_arrives_on_the_other(installation, folder):
    smoke(describe(installation, folder / "demo.json"), print)
    assert installation.restarts() == {}


def test_a_release_takes_the_place_of_the_one_before_amid_changes(installation):
    assert installation.images() == {f"tandem:{RELEASE}": PODS}
    with Company.found(installation) as company:
        company.first.connect()
        work = Workload(company.first, changes=CHANGES, at_once=False)
        work.prepare()
        work.start()
        installation.take_release(NEXT_RELEASE)
        rolling = installation.roll_out()
        allowed = 0
        while rolling.poll() is None:
            replaced = installation.images()[f"tandem:{NEXT_RELEASE}"]
            if allowed < CHANGES * (1 + replaced) // (1 + PODS):
                work.allow(1)
                allowed += 1
        work.allow(CHANGES - allowed)
        installation.wait_for(rolling)
        work.finish()
        work.check(company)
    assert installation.images() == {f"tandem:{NEXT_RELEASE}": PODS}
