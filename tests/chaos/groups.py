"""Watches consumer groups from outside: how long one has been without a stable assignment."""

import os
import threading
import time
from typing import Any, Self

from confluent_kafka import ConsumerGroupState
from confluent_kafka import admin as confluent
from tests.e2e.waiting import eventually

KAFKA: Any = confluent
POLL_S = 0.05
REBALANCE_S = float(os.environ.get("REBALANCE_S", "20"))
"""For so long may a partition stand still; on a machine with nothing else to do it is under 5."""
SHARED = (
    "reconciler.activities",
    "reconciler.events",
    "reconciler.outcomes",
    "crm-ingest.commands",
    "calendar-ingest.commands",
)
"""Groups whose work several processes share."""


class Groups:
    """The groups of a broker; `unstable_s` is the longest time that one was being rebalanced."""

    def __init__(self, bootstrap_servers: str, *names: str) -> None:
        self._admin = KAFKA.AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})
        self._names = list(names)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.unstable_s: dict[str, float] = dict.fromkeys(names, 0.0)
        self.rebalances = 0

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Watch no longer."""
        self._ended.set()
        self._thread.join()

    def wait_for(self, members: int, *, seconds: float = 30) -> None:
        """Return once each group has so many members, each with partitions to read."""

        def shared() -> bool:
            return all(
                group.state == ConsumerGroupState.STABLE
                and [bool(one.assignment.topic_partitions) for one in group.members]
                == [True] * members
                for group in self._described()
            )

        eventually(shared, seconds=seconds, what=f"{members} members in {self._names}")

    def _described(self) -> list[Any]:
        told = self._admin.describe_consumer_groups(self._names)
        return [told[name].result(20) for name in self._names]

    def _watch(self) -> None:
        since: dict[str, float] = {}
        while not self._ended.wait(POLL_S):
            now = time.monotonic()
            for group in self._described():
                name = group.group_id
                if group.state in {ConsumerGroupState.STABLE, ConsumerGroupState.EMPTY}:
                    self.rebalances += since.pop(name, None) is not None
                else:
                    took = now - since.setdefault(name, now)
                    self.unstable_s[name] = max(self.unstable_s[name], took)
