"""Batches of records: tried again, isolated, dead-lettered, halted."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter
from tests.unit.runtime.doubles import TRACE, FakeClock, FakePublisher, record

from tandem.runtime.failures import DeadLetterLimit, Halted, Permanent, Retryable
from tandem.runtime.subscriptions import HALT_PAUSE_S, Failures, _readable


class Word(BaseModel):
    word: str


WORDS = TypeAdapter(Word)


def words(*all_, **fields):
    return [
        record(f'{{"word": "{word}"}}'.encode(), offset=offset, **fields)
        for offset, word in enumerate(all_)
    ]


class Stage:
    """Failures with everything around them faked; `handled` are the batches that went through."""

    def __init__(self, *, most=100):
        self.clock, self.publisher = FakeClock(), FakePublisher()
        publisher: Any = self.publisher
        self.failures = Failures(
            service="reconciler",
            publisher=publisher,
            clock=self.clock,
            limit=DeadLetterLimit(most=most, now=self.clock.now),
        )
        self.tried, self.handled, self.errors = [], [], {}

    async def run(self, records):
        await self.failures.run(records, WORDS, self._handle)

    async def _handle(self, deliveries):
        batch = [delivery.body.word for delivery in deliveries]
        self.tried.append(batch)
        for word in batch:
            errors = self.errors.get(word)
            if errors and (error := errors.pop(0) if isinstance(errors, list) else errors):
                raise error
        self.handled.append(batch)

    @property
    def given_up(self):
        return [one.value.decode() for one in self.publisher.published]


async def test_a_batch_is_handled_as_a_whole_and_in_order():
    stage = Stage()
    await stage.run(words("a", "b", "c"))
    assert stage.handled == [["a", "b", "c"]]
    assert stage.publisher.published == []


async def test_bad_weather_is_waited_for_with_growing_pauses():
    stage = Stage()
    stage.errors["b"] = [Retryable("later"), ConnectionResetError()]
    await stage.run(words("a", "b"))
    assert stage.handled == [["a", "b"]]
    assert stage.clock.slept == [0.1, 0.2]


async def test_a_provider_that_says_when_is_asked_no_sooner():
    stage = Stage()
    stage.errors["a"] = [Retryable("later", retry_after_s=4.0)]
    await stage.run(words("a"))
    assert stage.clock.slept == [4.0]


async def test_lasting_bad_weather_leaves_the_batch_unacknowledged_and_no_dead_letter():
    stage = Stage()
    stage.errors["b"] = Retryable("later")
    with pytest.raises(Retryable):
        await stage.run(words("a", "b"))
    assert len(stage.tried) == 8
    assert stage.publisher.published == []


async def test_a_permanent_error_costs_one_try_and_only_its_own_record():
    stage = Stage()
    stage.errors["b"] = Permanent("never")
    await stage.run(words("a", "b", "c"))
    assert stage.handled == [["a"], ["c"]]
    assert stage.tried == [["a", "b", "c"], ["a"], ["b"], ["c"]]
    assert stage.clock.slept == []
    assert stage.given_up == ['{"word": "b"}']


async def test_an_unknown_error_is_tried_in_the_batch_and_once_by_itself():
    stage = Stage()
    stage.errors["b"] = KeyError("bug")
    await stage.run(words("a", "b", "c"))
    assert stage.handled == [["a"], ["c"]]
    assert stage.tried.count(["a", "b", "c"]) == 8
    assert stage.tried.count(["b"]) == 1


async def test_a_batch_full_of_bad_records_is_done_long_before_the_next_poll_is_due():
    stage = Stage(most=1000)
    for number in range(500):
        stage.errors[str(number)] = KeyError("bug")
    await stage.run(words(*map(str, range(500))))
    assert len(stage.given_up) == 500
    assert sum(stage.clock.slept) < 60


async def test_bad_weather_while_records_are_isolated_leaves_them_unacknowledged():
    stage = Stage()
    stage.errors |= {"a": Permanent("never"), "b": TimeoutError()}
    with pytest.raises(TimeoutError):
        await stage.run(words("a", "b"))


async def test_a_dead_letter_tells_where_it_came_from_why_and_its_trace_and_keeps_its_headers():
    stage = Stage()
    stage.errors["a"] = KeyError("bug with bob@x.example")
    headers = [("traceparent", TRACE.encode()), ("other", b"x"), ("attempts", b"1")]
    (bad,) = words("a", headers=headers)
    await stage.run([replace(bad, offset=41)])
    (letter,) = stage.publisher.published
    assert (letter.topic, letter.key, letter.value) == (
        "reconciler.dead-letters.v1",
        "7:70",
        bad.value,
    )
    assert letter.trace == TRACE
    assert len(letter.headers) == 4
    assert dict(letter.headers) == {
        "other": b"x",
        "origin": b"crm.activities.v1:2:41",
        "cause": b"KeyError",
        "attempts": b"8",
    }


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        (b'{"word": 5}', "word: string_type"),
        (b'{"other": "bob@x.example"}', "word: missing"),
        (b"no json", "json_invalid"),
        (None, "json_invalid"),
    ],
)
async def test_what_can_not_be_read_is_a_dead_letter_that_names_fields_but_no_values(value, cause):
    stage = Stage()
    await stage.run([*words("a"), record(value, offset=1), *words("c")])
    assert stage.handled == [["a", "c"]]
    (letter,) = stage.publisher.published
    headers = dict(letter.headers)
    assert cause in headers["cause"].decode()
    assert b"bob" not in headers["cause"]
    assert headers["attempts"] == b"1"


async def test_a_dead_letter_that_can_not_be_published_is_not_acknowledged():
    stage = Stage()
    stage.publisher.error = Retryable("kafka")
    with pytest.raises(Retryable):
        await stage.run([record(b"no json")])


async def test_beyond_the_limit_nothing_is_handled_nor_acknowledged():
    stage = Stage(most=1)
    stage.errors |= {word: Permanent("never") for word in "abcd"}
    with pytest.raises(Halted):
        await stage.run(words("a", "b", "c", "d"))
    assert stage.failures.halted
    assert len(stage.given_up) == 2, "it stops in the middle of a batch"
    tried = len(stage.tried)
    with pytest.raises(Halted):
        await stage.run(words("fine"))
    assert len(stage.tried) == tried
    assert stage.clock.slept == [HALT_PAUSE_S]


async def test_headers_that_are_not_text_are_made_readable():
    async def parse(records):
        return records

    odd = record(headers=[("traceparent", b"\xff\xfe"), ("fine", b"ok")])
    (read,) = await _readable((odd,), parse)
    assert dict(read.headers) == {"traceparent": "\ufffd\ufffd".encode(), "fine": b"ok"}
