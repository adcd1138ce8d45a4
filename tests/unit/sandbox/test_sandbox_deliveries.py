"""The way out: order, faults, limits."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tandem_sandbox import delivery as deliveries
from tandem_sandbox.delivery import Delivery, DeliveryQueue
from tandem_sandbox.faults import FaultBook, FaultKind, FaultOrder


class Post:
    """Takes deliveries; a body that is in ``gates`` is answered once its gate is open."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.statuses: dict[str, int] = {}

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        body = request.content.decode()
        if body in self.gates:
            await self.gates[body].wait()
        self.bodies.append(body)
        return httpx.Response(self.statuses.get(body, 200), headers={"location": "/elsewhere"})


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def faults() -> FaultBook:
    return FaultBook()


@pytest.fixture
async def queue(faults: FaultBook, post: Post) -> AsyncIterator[DeliveryQueue]:
    one = DeliveryQueue(faults, timeout_seconds=5, transport=httpx.MockTransport(post))
    yield one
    await one.aclose()


def _delivery(body: str, subscription: str = "a", **more) -> Delivery:
    return Delivery("pipedrive", subscription, "http://receiver.test/", {}, body.encode(), **more)


async def test_a_subscription_gets_its_deliveries_in_order(queue, post):
    for number in range(20):
        assert queue.enqueue(_delivery(str(number)))
    await queue.idle()
    assert post.bodies == [str(number) for number in range(20)]
    assert (queue.pending, queue.counters.accepted) == (0, 20)


async def test_a_slow_subscription_holds_up_no_other(queue, post):
    post.gates["slow"] = asyncio.Event()
    queue.enqueue(_delivery("slow"))
    queue.enqueue(_delivery("behind"))
    done = asyncio.Event()
    queue.enqueue(_delivery("other", "b", on_result=lambda _: done.set()))
    await asyncio.wait_for(done.wait(), 5)
    assert post.bodies == ["other"]
    post.gates["slow"].set()
    await queue.idle()
    assert post.bodies == ["other", "slow", "behind"]


async def test_results_tell_accepted_refused_and_unanswered(faults, post):
    queue = DeliveryQueue(faults, timeout_seconds=0.5, transport=httpx.MockTransport(post))
    post.statuses = {"no": 500, "elsewhere": 302}
    post.gates["never"] = asyncio.Event()
    results: list[deliveries.DeliveryResult] = []
    for body in ("yes", "no", "elsewhere", "never"):
        queue.enqueue(_delivery(body, on_result=results.append))
    queue.enqueue(
        Delivery("pipedrive", "a", "http://receiver.test:port/", {}, b"", on_result=results.append)
    )
    await queue.idle()
    assert [(one.status, one.accepted) for one in results] == [
        (200, True),
        (500, False),
        (302, False),
        (None, False),
        (None, False),
    ]
    counters = queue.counters
    assert (counters.accepted, counters.refused, counters.unanswered) == (1, 2, 2)
    await queue.aclose()


async def test_a_retry_waits_as_long_as_the_scale_says(queue, post):
    queue.time_scale = 0.0001
    assert queue.enqueue(_delivery("later"), delay_seconds=150)
    queue.enqueue(_delivery("now"))
    assert queue.pending == 2
    await asyncio.wait_for(queue.idle(), 5)
    assert post.bodies == ["now", "later"]


async def test_a_retry_from_within_a_result_is_waited_for(queue, post):
    queue.time_scale = 0.0001

    def again(result):
        queue.enqueue(_delivery("second"), delay_seconds=3)

    queue.enqueue(_delivery("first", on_result=again))
    await asyncio.wait_for(queue.idle(), 5)
    assert post.bodies == ["first", "second"]


async def test_what_is_no_longer_wanted_is_not_posted(queue, post):
    queue.enqueue(_delivery("unwanted", wanted=lambda: False))
    queue.enqueue(_delivery("wanted", wanted=lambda: True))
    await queue.idle()
    assert (post.bodies, queue.pending) == (["wanted"], 0)


async def test_faults_lose_double_and_delay(queue, post, faults):
    for kind in (FaultKind.DROP_WEBHOOK, FaultKind.DOUBLE_WEBHOOK, FaultKind.DELAY_WEBHOOK):
        faults.arm(FaultOrder(provider="pipedrive", kind=kind, ms=30))
    kept = [queue.enqueue(_delivery(body)) for body in ("lost", "doubled", "delayed", "plain")]
    await queue.idle()
    assert kept == [False, True, True, True]
    assert post.bodies == ["doubled", "doubled", "plain", "delayed"]
    assert queue.counters.dropped == 1


async def test_a_full_queue_drops(queue, post, monkeypatch):
    monkeypatch.setattr(deliveries, "PENDING_MAX", 2)
    assert [queue.enqueue(_delivery(str(number))) for number in range(3)] == [True, True, False]
    await queue.idle()
    assert post.bodies == ["0", "1"]
    assert queue.counters.dropped == 1


async def test_a_reset_forgets_what_waits(queue, post):
    post.gates["first"] = asyncio.Event()
    queue.enqueue(_delivery("first"))
    queue.enqueue(_delivery("second"))
    queue.enqueue(_delivery("retry"), delay_seconds=100)
    await queue.reset()
    await asyncio.wait_for(queue.idle(), 5)
    assert (queue.pending, post.bodies) == (0, [])
    queue.enqueue(_delivery("new"))
    await queue.idle()
    assert post.bodies == ["new"]
