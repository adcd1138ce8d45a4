"""The marks of what the broker once had, against what it has now."""

import pytest

from tandem.contracts.topics import CRM_COMMANDS, CRM_HINTS
from tandem.runtime.continuity import Continuity
from tandem.runtime.settings import KafkaSettings

KAFKA = KafkaSettings(kafka_bootstrap_servers="nowhere:1", kafka_namespace="ns.")
NAME = "ns.crm.hints.v1"


class FakePool:
    """The table `broker_marks`."""

    def __init__(self, marks=None):
        self.marks = dict(marks or {})

    async def fetch(self, _statement, names):
        return [
            {"topic": topic, "partition": partition, "end_offset": end}
            for (topic, partition), end in self.marks.items()
            if topic in names
        ]

    async def executemany(self, _statement, rows):
        self.marks |= {(topic, partition): end for topic, partition, end in rows}


def continuity(ends, monkeypatch):
    made = Continuity(schema="crm", kafka=KAFKA, topics=[CRM_HINTS])

    async def read():
        return ends() if callable(ends) else dict(ends)

    monkeypatch.setattr(made, "_ends", read)
    return made


@pytest.mark.parametrize(
    ("marks", "ends", "lost"),
    [
        ({}, {(NAME, 0): 0}, False),
        ({}, {(NAME, 0): 7}, False),
        ({(NAME, 0): 7}, {(NAME, 0): 7}, False),
        ({(NAME, 0): 7}, {(NAME, 0): 9, (NAME, 1): 0}, False),
        ({(NAME, 0): 7, (NAME, 1): 0}, {(NAME, 0): 7}, False),
        ({(NAME, 0): 7}, {(NAME, 0): 6}, True),
        ({(NAME, 0): 7, (NAME, 1): 3}, {(NAME, 0): 7, (NAME, 1): 0}, True),
        ({(NAME, 0): 7, (NAME, 1): 3}, {(NAME, 0): 8}, True),
        ({("ns.crm.commands.v1", 0): 7}, {(NAME, 0): 0}, False),
    ],
    ids=[
        "empty",
        "first",
        "same",
        "grown",
        "empty_partition_gone",
        "shrunk",
        "recreated",
        "partition_gone",
        "topic_of_others",
    ],
)
async def test_a_loss_is_noticed_and_told_once(marks, ends, lost, monkeypatch):
    pool = FakePool(marks)
    watch = continuity(ends, monkeypatch)
    assert await watch.lost(pool) is lost
    assert await watch.lost(pool) is False


async def test_another_process_that_moves_the_marks_meanwhile_is_no_loss(monkeypatch):
    pool = FakePool({(NAME, 0): 5})

    def read_then_overtaken():
        seen = {(NAME, 0): 6}
        pool.marks[NAME, 0] = 9
        return seen

    assert await continuity(read_then_overtaken, monkeypatch).lost(pool) is False


def test_the_topics_are_those_of_the_namespace():
    made = Continuity(
        schema="crm",
        kafka=KAFKA,
        topics=[CRM_HINTS, CRM_COMMANDS],
    )
    assert made._names == ["ns.crm.hints.v1", "ns.crm.commands.v1"]
