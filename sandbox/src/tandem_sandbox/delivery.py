"""Owns the way out: webhooks and push notifications, posted in order per subscription.

A lane per subscription keeps the order; a fault or a retry lets later deliveries overtake.
Retrying is the provider's affair: its ``on_result`` enqueues again with a delay.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx

from tandem_sandbox.faults import DELIVERY_KINDS, FaultBook, FaultKind

PENDING_MAX = 100_000
PARALLEL_MAX = 64
DELIVER = "webhooks.deliver"


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """How a delivery went: an HTTP status, or none when nobody answered in time."""

    delivery: "Delivery"
    status: int | None
    content: bytes = b""

    @property
    def accepted(self) -> bool:
        """Whether the receiver answered 2xx."""
        return self.status is not None and httpx.codes.is_success(self.status)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One POST to a subscriber."""

    provider: str
    subscription: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    account: str | None = None
    attempt: int = 1
    wanted: Callable[[], bool] | None = None
    """Asked just before posting: a subscription that ended meanwhile gets nothing more."""
    on_result: Callable[[DeliveryResult], None] | None = None


@dataclass(slots=True)
class DeliveryCounters:
    """What became of the deliveries since the last reset."""

    enqueued: int = 0
    accepted: int = 0
    refused: int = 0
    unanswered: int = 0
    dropped: int = 0


@dataclass(slots=True)
class _Lane:
    waiting: deque[Delivery] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None


class DeliveryQueue:
    """Posts deliveries from the running event loop; ``aclose`` ends it."""

    def __init__(
        self,
        faults: FaultBook,
        *,
        timeout_seconds: float = 10.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._faults = faults
        self._timeout = timeout_seconds
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self._lanes: dict[str, _Lane] = {}
        self._timers: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(PARALLEL_MAX)
        self._pending = 0
        self.time_scale = 1.0
        """Factor on retry delays, so that a test need not wait for the vendor's minutes."""
        self.counters = DeliveryCounters()

    @property
    def pending(self) -> int:
        """Deliveries that are waiting, delayed or under way."""
        return self._pending + len(self._timers)

    def enqueue(self, delivery: Delivery, *, delay_seconds: float = 0.0) -> bool:
        """Post ``delivery`` after those already waiting for its subscription.

        Tells whether it will be posted: a fault may lose it, and so does a full queue.

        Args:
            delivery: What to post.
            delay_seconds: Wait of a retry before it joins the lane; scaled by ``time_scale``.
        """
        if delay_seconds > 0:
            self._later(delivery, delay_seconds * self.time_scale)
            return True
        self.counters.enqueued += 1
        fault = self._faults.take(
            delivery.provider, DELIVER, delivery.account, kinds=DELIVERY_KINDS
        )
        match fault.kind if fault else None:
            case FaultKind.DROP_WEBHOOK:
                self.counters.dropped += 1
                return False
            case FaultKind.DELAY_WEBHOOK if fault:
                self._later(delivery, fault.ms / 1000)
                return True
            case FaultKind.DOUBLE_WEBHOOK:
                self._join(delivery)
                return self._join(delivery)
            case _:
                return self._join(delivery)

    async def idle(self) -> None:
        """Return once nothing is waiting or under way, delayed deliveries included."""
        while tasks := [lane.task for lane in self._lanes.values() if lane.task]:
            await asyncio.wait(tasks)
        if self._timers:
            await asyncio.wait(self._timers)
            await self.idle()

    async def reset(self) -> None:
        """Forget everything that was not delivered yet."""
        tasks = [lane.task for lane in self._lanes.values() if lane.task] + list(self._timers)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._lanes.clear()
        self._timers.clear()
        self._pending = 0
        self.counters = DeliveryCounters()

    async def aclose(self) -> None:
        """Stop delivering and close the connections."""
        await self.reset()
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _later(self, delivery: Delivery, seconds: float) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            self._join(delivery)

        timer = asyncio.create_task(wait())
        self._timers.add(timer)
        timer.add_done_callback(self._timers.discard)

    def _join(self, delivery: Delivery) -> bool:
        if self._pending >= PENDING_MAX:
            self.counters.dropped += 1
            return False
        self._pending += 1
        lane = self._lanes.setdefault(delivery.subscription, _Lane())
        lane.waiting.append(delivery)
        if lane.task is None:
            lane.task = asyncio.create_task(self._run(delivery.subscription, lane))
        return True

    async def _run(self, subscription: str, lane: _Lane) -> None:
        while lane.waiting:
            delivery = lane.waiting.popleft()
            if delivery.wanted is not None and not delivery.wanted():
                self._pending -= 1
                continue
            try:
                async with self._slots:
                    status, content = await self._post(delivery)
                    result = DeliveryResult(delivery, status, content)
            finally:
                self._pending -= 1
            self._count(result)
            if delivery.on_result is not None:
                delivery.on_result(result)
        self._lanes.pop(subscription, None)

    async def _post(self, delivery: Delivery) -> tuple[int | None, bytes]:
        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=self._timeout, follow_redirects=False, transport=self._transport
            )
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._client.post(
                    delivery.url, headers=dict(delivery.headers), content=delivery.body
                )
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
            return None, b""
        return answer.status_code, answer.content

    def _count(self, result: DeliveryResult) -> None:
        if result.accepted:
            self.counters.accepted += 1
        elif result.status is None:
            self.counters.unanswered += 1
        else:
            self.counters.refused += 1
