"""What was given up comes back to where it was, once, or stays away; on a real broker."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from click.testing import CliRunner
from faststream.kafka import KafkaBroker
from pydantic import BaseModel, TypeAdapter
from tests.unit.runtime.doubles import TRACE, until

from tandem.contracts.topics import CRM_ACTIVITIES, dead_letters_of
from tandem.runtime.clock import SystemClock
from tandem.runtime.dead_letters import DeadLetters, Outcome
from tandem.runtime.failures import DeadLetterLimit, Permanent
from tandem.runtime.publisher import Outgoing, Publisher
from tandem.runtime.settings import KafkaSettings
from tandem.runtime.subscriptions import Failures, subscribe
from tandemctl.commands import tandemctl

SERVICE = "reconciler"


class Word(BaseModel):
    """A message that a handler can be told to refuse."""

    word: str


class Reader:
    """A service that handles words, all but the bad ones."""

    def __init__(self):
        self.bad = set()
        self.handled = []
        self.tried = 0

    async def handle(self, deliveries):
        self.tried += 1
        if any(delivery.body.word in self.bad for delivery in deliveries):
            raise Permanent("a word that can not be read")
        self.handled += [(delivery.body.word, delivery.trace) for delivery in deliveries]

    @property
    def words(self):
        return sorted(word for word, _ in self.handled)


@pytest.fixture
def settings(kafka):
    return KafkaSettings(
        kafka_bootstrap_servers=kafka.bootstrap_servers, kafka_namespace=kafka.namespace
    )


@pytest.fixture
async def publisher(kafka) -> AsyncIterator[Publisher]:
    made = Publisher(kafka.bootstrap_servers, client_id="tests", namespace=kafka.namespace)
    await made.start()
    yield made
    await made.stop()


@asynccontextmanager
async def running(kafka, publisher, reader):
    broker = KafkaBroker(
        kafka.bootstrap_servers, apply_types=False, allow_auto_create_topics=False, logger=None
    )
    clock = SystemClock()
    subscribe(
        broker,
        Failures(
            service=SERVICE,
            publisher=publisher,
            clock=clock,
            limit=DeadLetterLimit(most=100, now=clock.now),
        ),
        topic=kafka.namespace + CRM_ACTIVITIES.name,
        group=f"{kafka.namespace}{SERVICE}.activities",
        title="Words",
        messages=TypeAdapter(Word),
        handle=reader.handle,
        records_max=100,
    )
    await broker.start()
    try:
        yield
    finally:
        await broker.stop()


def word(text, *headers):
    return Outgoing(
        CRM_ACTIVITIES.name, "7:70", Word(word=text).model_dump_json().encode(), TRACE, headers
    )


async def given_up(letters, count):
    """The open letters, once there are so many."""
    async with asyncio.timeout(20):
        while True:
            found = [letter for letter in await letters.read() if letter.outcome is None]
            if len(found) == count:
                return found


async def test_a_letter_comes_back_as_it_was_and_only_once(kafka, publisher, settings):
    reader, letters = Reader(), DeadLetters(settings)
    reader.bad = {"bad"}
    async with running(kafka, publisher, reader):
        await publisher.publish([word("good"), word("bad", ("other", b"\xffx")), word("fine")])
        (letter,) = await given_up(letters, 1)
        assert letter.cause == "Permanent: a word that can not be read"
        assert letter.origin.startswith(f"{kafka.namespace}{CRM_ACTIVITIES.name}:")
        assert (letter.key, letter.value, letter.trace) == (
            "7:70",
            b'{"word":"bad"}',
            TRACE,
        )
        assert [name for name, _ in letter.headers] == ["other"]

        reader.bad = set()
        assert await letters.replay([letter]) == 1
        await until(lambda: len(reader.handled) == 3, seconds=20)
        assert sorted(reader.handled) == [("bad", TRACE), ("fine", TRACE), ("good", TRACE)]

        (settled,) = await letters.read()
        assert settled.outcome is Outcome.REPLAYED
        assert await letters.replay([settled]) == 0
        assert await letters.drop([settled]) == 0
        await publisher.publish([word("last")])
        await until(lambda: "last" in reader.words, seconds=20)
        assert reader.words == ["bad", "fine", "good", "last"]


async def test_a_letter_that_fails_again_is_a_new_letter_of_the_same_message(
    kafka, publisher, settings
):
    reader, letters = Reader(), DeadLetters(settings)
    reader.bad = {"bad"}
    async with running(kafka, publisher, reader):
        await publisher.publish([word("bad", ("other", b"x"))])
        (first,) = await given_up(letters, 1)
        await letters.replay([first])
        async with asyncio.timeout(20):
            while len(seen := await letters.read()) < 2:
                pass
    again = seen[-1]
    assert again.id != first.id
    assert again.outcome is None
    assert (again.value, again.key, again.headers) == (first.value, first.key, first.headers)


async def test_dropped_letters_never_come_back(kafka, publisher, settings):
    reader, letters = Reader(), DeadLetters(settings)
    reader.bad = {"bad"}
    async with running(kafka, publisher, reader):
        await publisher.publish([word("bad"), word("bad")])
        found = await given_up(letters, 2)
        assert await letters.drop(found[:1]) == 1
        assert [letter.id for letter in await given_up(letters, 1)] == [found[1].id]
        reader.bad = set()
        assert await letters.replay(await letters.read()) == 1
        await until(lambda: reader.words == ["bad"], seconds=20)
    assert [letter.outcome for letter in await letters.read()] == [
        Outcome.DROPPED,
        Outcome.REPLAYED,
    ]


async def test_letters_of_one_service_are_asked_for_by_its_name(publisher, settings):
    for service in ("crm-ingest", "reconciler"):
        await publisher.publish([Outgoing(dead_letters_of(service), "key", b"{}")])
    assert [one.id for one in await DeadLetters(settings, services=["crm-ingest"]).read()] == [
        "crm-ingest:0:0"
    ]
    assert len(await DeadLetters(settings).read()) == 2


@pytest.mark.parametrize("origin", [b"", b"secrets.v1:0:1", b"reconciler.dead-letters.v1:0:0"])
async def test_nothing_is_played_back_into_a_topic_that_is_not_declared(
    publisher, settings, origin
):
    await publisher.publish(
        [Outgoing(dead_letters_of(SERVICE), "key", b"{}", None, (("origin", origin),))]
    )
    letters = DeadLetters(settings, services=[SERVICE])
    (letter,) = await letters.read()
    with pytest.raises(Permanent, match="declared"):
        await letters.replay([letter])
    assert [one.outcome for one in await letters.read()] == [None]


async def test_without_letters_there_is_nothing_to_read(settings):
    assert await DeadLetters(settings).read() == []


async def test_the_command_line_lists_plays_back_and_drops(publisher, settings, monkeypatch):
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", settings.kafka_bootstrap_servers)
    monkeypatch.setenv("KAFKA_NAMESPACE", settings.kafka_namespace)
    origin = f"{settings.kafka_namespace}{CRM_ACTIVITIES.name}:0:5".encode()
    topic = dead_letters_of(SERVICE)
    headers = (("origin", origin), ("cause", b"KeyError"), ("attempts", b"8"))
    await publisher.publish([Outgoing(topic, "key", b"secret", TRACE, headers)] * 3)

    shown = json.loads((await command("--json", "dead-letters", "list")).stdout)
    assert [row["id"] for row in shown] == [f"reconciler:0:{number}" for number in range(3)]
    assert shown[0] | {"id": "", "moment": ""} == {
        "id": "",
        "moment": "",
        "origin": origin.decode(),
        "cause": "KeyError",
        "attempts": 8,
        "trace": TRACE,
        "outcome": None,
    }
    twice = ["reconciler:0:1", "reconciler:0:1"]
    assert (await command("dead-letters", "drop", *twice)).stdout == "dropped: 1\n"
    assert (await command("dead-letters", "replay", "--all")).stdout == "played back: 2\n"
    assert (await command("dead-letters", "replay", "--all")).stdout == "played back: 0\n"
    settled = json.loads((await command("--json", "dead-letters", "list", "--settled")).stdout)
    assert [row["outcome"] for row in settled] == ["replayed", "dropped", "replayed"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("replay",), "name letters by their ids, or say --all"),
        (("drop", "--all", "reconciler:0:1"), "name letters by their ids, or say --all"),
        (("drop", "reconciler:0:1"), "no dead letter reconciler:0:1"),
        (("list", "--service", "nobody"), "no service 'nobody'"),
    ],
)
async def test_the_command_line_takes_no_guesses(settings, monkeypatch, arguments, told):
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", settings.kafka_bootstrap_servers)
    monkeypatch.setenv("KAFKA_NAMESPACE", settings.kafka_namespace)
    ended = await command("dead-letters", *arguments, fails=True)
    assert told in ended.stderr


async def command(*arguments, fails=False):
    ended = await asyncio.to_thread(CliRunner().invoke, tandemctl, arguments)
    assert bool(ended.exit_code) is fails, ended.output
    return ended
