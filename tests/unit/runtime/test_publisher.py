"""Publishing: what counts as a loss of the broker's, and how a broken producer is replaced."""

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaTimeoutError,
    OutOfOrderSequenceNumber,
)
from tests.unit.runtime.doubles import TRACE, until

from tandem.runtime import publisher as module
from tandem.runtime.failures import Permanent, Retryable
from tandem.runtime.publisher import Outgoing, Publisher, outgoing


class FakeProducer:
    """A partition for each key; a record's future is resolved at once or by `release`."""

    ends: dict[str, int | Exception]
    made: list["FakeProducer"] = []  # noqa: RUF012 - emptied by the fixture

    def __init__(self, **_options):
        self.sent, self.held, self.started, self.stopped = [], [], False, False
        self.hold = False
        FakeProducer.made.append(self)

    async def start(self):
        self.started = True

    async def stop(self):
        self.stopped = True

    async def send(self, topic, *, value, key, headers):
        self.sent.append((topic, value, key, headers))
        future = asyncio.get_running_loop().create_future()
        offset = self.ends.get(key.decode(), 0)
        if isinstance(offset, Exception):
            future.set_exception(offset)
            return future
        self.ends[key.decode()] = offset + 1
        answer = SimpleNamespace(topic=topic, partition=int(key), offset=offset)
        if self.hold:
            self.held.append((future, answer))
        else:
            future.set_result(answer)
        return future

    def release(self, index):
        future, answer = self.held[index]
        future.set_result(answer)


@pytest.fixture
def fake(monkeypatch):
    FakeProducer.ends = {}
    FakeProducer.made = []
    monkeypatch.setattr(module, "AIOKafkaProducer", FakeProducer)
    return FakeProducer


async def started(**options):
    publisher = Publisher("nowhere:1", client_id="test", **options)
    losses = []
    publisher.on_loss.append(lambda: losses.append(1))
    await publisher.start()
    return publisher, losses


def one(key="0", topic="t"):
    return Outgoing(topic, key, b"v", TRACE, (("cause", b"c"),))


async def test_records_carry_namespace_key_headers_and_trace(fake):
    publisher, _ = await started(namespace="ns.")
    await publisher.publish([one()])
    assert fake.made[0].sent == [
        ("ns.t", b"v", b"0", [("cause", b"c"), ("traceparent", TRACE.encode())])
    ]


async def test_offsets_that_grow_are_no_loss(fake):
    publisher, losses = await started()
    for _ in range(3):
        await publisher.publish([one("0"), one("0"), one("1")])
    assert losses == []


async def test_answers_that_overtake_each_other_are_no_loss(fake):
    publisher, losses = await started()
    await publisher.publish([one("0")])
    producer = fake.made[0]
    producer.hold = True
    slow = asyncio.create_task(publisher.publish([one("0"), one("1")]))
    await until(lambda: len(producer.held) == 2)
    fast = asyncio.create_task(publisher.publish([one("0")]))
    await until(lambda: len(producer.held) == 3)
    producer.release(0)
    producer.release(2)
    await fast
    producer.release(1)
    await slow
    assert losses == []
    assert publisher._highest == {("t", 0): 2, ("t", 1): 0}


async def test_an_offset_below_what_was_acknowledged_before_is_a_loss_and_told_once(fake):
    publisher, losses = await started()
    await publisher.publish([one("0")] * 5)
    fake.ends.clear()
    await publisher.publish([one("0"), one("0"), one("1")])
    assert losses == [1]
    await publisher.publish([one("0"), one("1")])
    assert losses == [1]


async def test_a_loss_that_several_at_once_run_into_is_told_once(fake):
    publisher, losses = await started()
    await publisher.publish([one("0"), one("1")] * 5)
    fake.ends.clear()
    producer = fake.made[0]
    producer.hold = True
    both = [asyncio.create_task(publisher.publish([one(key)])) for key in "01"]
    await until(lambda: len(producer.held) == 2)
    for index in range(2):
        producer.release(index)
    await asyncio.gather(*both)
    assert losses == [1]


@pytest.mark.parametrize("error", [KafkaTimeoutError(), KafkaConnectionError()])
async def test_bad_weather_is_retryable_and_keeps_the_producer(fake, error):
    publisher, _ = await started()
    fake.ends["0"] = error
    with pytest.raises(Retryable):
        await publisher.publish([one()])
    assert len(fake.made) == 1


async def test_a_producer_that_the_broker_does_not_know_any_more_is_replaced(fake):
    publisher, _ = await started()
    fake.ends["0"] = OutOfOrderSequenceNumber()
    with pytest.raises(Retryable):
        await publisher.publish([one()])
    assert [made.stopped for made in fake.made] == [True, False]
    fake.ends.clear()
    await publisher.publish([one()])
    assert len(fake.made[1].sent) == 1


async def test_a_replacement_that_fails_is_made_up_for_by_the_next_publish(fake, monkeypatch):
    publisher, _ = await started()
    fake.ends["0"] = OutOfOrderSequenceNumber()

    async def unreachable(_self):
        raise KafkaConnectionError

    with monkeypatch.context() as down:
        down.setattr(FakeProducer, "start", unreachable)
        for _ in range(2):
            with pytest.raises(Retryable):
                await publisher.publish([one()])
    assert all(made.stopped for made in fake.made), "a producer that never started is closed too"
    fake.ends.clear()
    await publisher.publish([one()])
    assert len(fake.made[-1].sent) == 1


async def test_nothing_is_published_before_the_start_or_after_the_stop(fake):
    publisher = Publisher("nowhere:1", client_id="test")
    with pytest.raises(Retryable):
        await publisher.publish([one()])
    await publisher.start()
    await publisher.stop()
    with pytest.raises(Retryable):
        await publisher.publish([one()])
    assert len(fake.made) == 1
    await publisher.publish([])


async def test_a_broker_out_of_reach_leaves_nothing_open():
    publisher = Publisher("127.0.0.1:1", client_id="test")
    with pytest.raises(KafkaConnectionError):
        await publisher.start()
    await publisher.stop()


def test_a_message_that_kafka_would_never_take_is_refused_where_it_is_made(monkeypatch):
    from tests.unit.contracts.examples import EXAMPLES

    from tandem.contracts.topics import CRM_ACTIVITIES

    message = EXAMPLES["activity_gone"]
    assert outgoing(CRM_ACTIVITIES, message, trace=TRACE).key == "7:70"
    monkeypatch.setattr(module, "MESSAGE_BYTES_MAX", 10)
    with pytest.raises(Permanent, match="ActivityGone"):
        outgoing(CRM_ACTIVITIES, message)
