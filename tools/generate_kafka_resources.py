"""Writes the Strimzi resources that follow from the code: topics, and who may use which.

`python tools/generate_kafka_resources.py` writes them; `--check` fails where they are stale.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from tandem.contracts import topics
from tandem.contracts.topics import Topic

FOLDER: Final = Path(__file__).parent.parent / "deploy/kustomize/components/strimzi-kafka"
CLUSTER: Final = {"strimzi.io/cluster": "tandem"}
API: Final = "kafka.strimzi.io/v1"
READS: Final = {
    "crm-ingest": (
        topics.SETTINGS_CONNECTIONS,
        topics.CRM_HINTS,
        topics.SYNC_REQUESTS,
        topics.CRM_COMMANDS,
    ),
    "calendar-ingest": (
        topics.SETTINGS_CONNECTIONS,
        topics.CALENDAR_HINTS,
        topics.SYNC_REQUESTS,
        topics.CALENDAR_COMMANDS,
    ),
    "reconciler": (
        topics.CRM_ACTIVITIES,
        topics.CALENDAR_EVENTS,
        topics.SYNC_OUTCOMES,
        topics.SETTINGS_CONNECTIONS,
    ),
    "settings-api": (topics.SYNC_HEALTH,),
}
WRITES: Final = {
    "crm-ingest": (
        topics.CRM_HINTS,
        topics.CRM_ACTIVITIES,
        topics.SYNC_OUTCOMES,
        topics.SYNC_HEALTH,
    ),
    "calendar-ingest": (
        topics.CALENDAR_HINTS,
        topics.CALENDAR_EVENTS,
        topics.SYNC_OUTCOMES,
        topics.SYNC_HEALTH,
    ),
    "reconciler": (
        topics.CRM_COMMANDS,
        topics.CALENDAR_COMMANDS,
        topics.SYNC_HEALTH,
    ),
    "settings-api": (topics.SETTINGS_CONNECTIONS, topics.SYNC_REQUESTS),
}


def topic_resources() -> Iterator[dict[str, Any]]:
    """Each declared topic."""
    for topic in topics.TOPICS:
        yield {
            "apiVersion": API,
            "kind": "KafkaTopic",
            "metadata": {"name": topic.name, "labels": CLUSTER},
            "spec": {
                "partitions": topic.partitions,
                "replicas": 3,
                "config": _configuration(topic),
            },
        }


def user_resources() -> Iterator[dict[str, Any]]:
    """A user for each service and each helper, and what it may do."""
    for service in topics.SERVICES:
        reads = {topic.name for topic in READS[service]}
        writes = {topic.name for topic in WRITES[service]} | {topics.dead_letters_of(service)}
        rules = [_rule("group", f"{service}.", ["Read"], pattern="prefix")]
        for name in sorted(reads | writes):
            operations = ["Describe"] + ["Read"] * (name in reads) + ["Write"] * (name in writes)
            rules.append(_rule("topic", name, operations))
        yield _user(service, rules)
    every = [topic.name for topic in topics.TOPICS]
    yield _user("topics", [_rule("topic", name, ["Create", "Describe"]) for name in every])
    letters = {topics.dead_letters_of(service) for service in topics.SERVICES}
    yield _user(
        "operator",
        [
            _rule("topic", name, ["Describe", *(["Read"] * (name in letters)), "Write"])
            for name in every
        ],
    )
    yield _user(
        "keda",
        [_rule("group", f"{service}.", ["Describe"], pattern="prefix") for service in READS]
        + [
            _rule("topic", name, ["Describe"])
            for name in sorted({topic.name for read in READS.values() for topic in read})
        ],
    )


def _user(name: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "apiVersion": API,
        "kind": "KafkaUser",
        "metadata": {"name": f"kafka-{name}", "labels": CLUSTER},
        "spec": {
            "authentication": {"type": "scram-sha-512"},
            "authorization": {"type": "simple", "acls": rules},
        },
    }


def _configuration(topic: Topic) -> dict[str, Any]:
    if topic.compacted:
        return {"cleanup.policy": "compact", "min.insync.replicas": 2}
    return {
        "cleanup.policy": "delete",
        "min.insync.replicas": 2,
        "retention.ms": topic.retention_ms,
    }


def _rule(
    kind: str, name: str, operations: list[str], *, pattern: str = "literal"
) -> dict[str, Any]:
    return {
        "resource": {"type": kind, "name": name, "patternType": pattern},
        "operations": operations,
    }


def main() -> int:
    """Write the files, or tell which are stale."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for name, resources in (("topics.yaml", topic_resources()), ("users.yaml", user_resources())):
        head = (
            "# Made by tools/generate_kafka_resources.py from the topics that the code declares.\n"
        )
        body = yaml.dump_all(resources, sort_keys=False, Dumper=_Plain)
        file = FOLDER / name
        if not check:
            file.write_text(head + body, "utf-8")
        elif not file.exists() or file.read_text("utf-8") != head + body:
            stale.append(name)
    if stale:
        print(f"out of date: {', '.join(stale)}; run: make docs", file=sys.stderr)
    return 1 if stale else 0


class _Plain(yaml.SafeDumper):
    """Without anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - as the library calls it
        """Write equal values out."""
        return True


if __name__ == "__main__":
    sys.exit(main())
