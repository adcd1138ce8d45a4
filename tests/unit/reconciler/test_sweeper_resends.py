"""What the clock starts in the reconciler, with the executor and the broker played."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from reconciler.sweeper import Sweeper

LATER = timedelta(seconds=60)


class Played:
    """Notes how old a command had to be to be sent again; fails when told to."""

    def __init__(self):
        self.asked = []
        self.fails = False
        self.broker_lost = False

    async def resend_stale(self, older_than):
        if self.fails:
            raise OSError("database away")
        self.asked.append(older_than)

    async def lost(self, _pool):
        return self.broker_lost


@pytest.fixture
def played():
    return Played()


@pytest.fixture
def rewinds():
    return []


@pytest.fixture
def runtime(rewinds):
    return SimpleNamespace(
        pool=None,
        publisher=SimpleNamespace(on_loss=[]),
        rewind=lambda: rewinds.append(True),
    )


@pytest.fixture
def sweeper(runtime, played):
    return Sweeper(runtime, played, continuity=played, resend_after=LATER, keep_history=timedelta())


async def test_only_stale_commands_are_sent_again(sweeper, played):
    await sweeper.resend()
    assert played.asked == [LATER]


async def test_a_loss_that_the_publisher_noticed_sends_everything_again_at_once(
    sweeper, runtime, played
):
    (notify,) = runtime.publisher.on_loss
    notify()
    await sweeper.wait(3600)
    await sweeper.resend()
    await sweeper.resend()
    assert played.asked == [timedelta(), LATER]


async def test_a_broker_that_forgot_is_read_anew_and_sent_everything_again(
    sweeper, played, rewinds
):
    await sweeper.check_broker()
    assert rewinds == []
    played.broker_lost = True
    await sweeper.check_broker()
    assert rewinds == [True]
    await sweeper.resend()
    assert played.asked == [timedelta()]


async def test_a_loss_is_not_forgotten_where_sending_fails(sweeper, runtime, played):
    runtime.publisher.on_loss[0]()
    played.fails = True
    with pytest.raises(OSError, match="away"):
        await sweeper.resend()
    played.fails = False
    await sweeper.resend()
    assert played.asked == [timedelta()]


async def test_waiting_ends_after_its_time(sweeper, played):
    await sweeper.wait(0.001)
    await sweeper.resend()
    assert played.asked == [LATER]
