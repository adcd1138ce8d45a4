"""What a change, a sweep and a linked pair cost: processor time, messages, and room on disk.

`python -m bench.costs` prints the measured part of `bench/scale.toml`. Processor time is what the
kernel has charged each process with, so that other work on the machine does not count; what the
processes take at rest for the same time is taken off.
"""

import asyncio
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import asyncpg
from bench.latency import PEOPLE, change_at_a_steady_rate, linked_items
from bench.stacks import measured_stack
from tests.e2e.company import Company

from tandem_embedded.stack import SERVICES, Stack

RATE_PER_S: Final = 10
SECONDS: Final = 60
REST_S: Final = 30.0
SWEEPS_EVERY_S: Final = 2
PARTS: Final = (*SERVICES, "postgres", "kafka")
TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
KEPT: Final = (
    "sync.links",
    "sync.activities",
    "sync.events",
    "crm.known_activities",
    "calendar.known_events",
)
"""Tables that grow with linked pairs."""

Seconds = Mapping[str, float]


def main() -> None:
    """Measure and print."""
    with _stack(sweep_s=3600) as stack, Company.found(stack, people=PEOPLE) as company:
        items = linked_items(company)
        company.settled()
        at_rest = _used_at_rest(stack)
        messages, rows = _kafka_bytes(stack), asyncio.run(_rows(stack))
        before, begun = _used(stack), time.monotonic()
        changes = RATE_PER_S * SECONDS
        change_at_a_steady_rate(items, rate_per_s=RATE_PER_S, seconds=SECONDS)
        company.settled()
        took_s, after = time.monotonic() - begun, _used(stack)
        spent = {part: after[part] - before[part] - at_rest[part] * took_s for part in PARTS}
        grown = {name: count - rows[name] for name, count in asyncio.run(_rows(stack)).items()}
        _say("cpu_ms_per_change", {part: 1000 * spent[part] / changes for part in PARTS}, digits=2)
        _say("cores_at_rest", at_rest, digits=4)
        print(f"kafka_bytes_per_change = {(_kafka_bytes(stack) - messages) / changes:.0f}")
        for name, count in grown.items():
            print(f"{name}_rows_per_change = {count / changes:.2f}")
        sizes = asyncio.run(_sizes(stack))
        print(f"bytes_per_pair = {sum(sizes[table] for table in KEPT) / len(items):.0f}")
        for name, table in (("history", "sync.history"), ("inbox", "sync.inbox")):
            print(f"bytes_per_{name}_row = {sizes[table] / (rows[name] + grown[name]):.0f}")
    with _stack(sweep_s=SWEEPS_EVERY_S) as stack, Company.found(stack, people=PEOPLE) as company:
        linked_items(company)
        company.settled()
        listed = _listings(company)
        often = _used_at_rest(stack)
        sweeps_per_s = (_listings(company) - listed) / REST_S
        more = {part: 1000 * (often[part] - at_rest[part]) / sweeps_per_s for part in PARTS}
        _say("cpu_ms_per_sweep", more, digits=2)


@contextmanager
def _stack(*, sweep_s: int) -> Iterator[Stack]:
    """A running stack, gone afterwards."""
    overrides = {
        "GOOGLE_USER_REQUESTS_PER_MINUTE": "60000",
        "SWEEP_INTERVAL_S": str(sweep_s),
        "SWEEP_QUIET_INTERVAL_S": str(sweep_s),
    }
    with measured_stack(partitions=4, overrides=overrides) as stack:
        stack.start()
        yield stack


def _used(stack: Stack) -> Seconds:
    """Processor time of each part since its start, children included."""
    return {part: _seconds_of(stack.child(part).pid) for part in PARTS}


def _used_at_rest(stack: Stack) -> Seconds:
    """Cores that each part takes while nothing changes."""
    before, begun = _used(stack), time.monotonic()
    time.sleep(REST_S)
    after, took_s = _used(stack), time.monotonic() - begun
    return {part: (after[part] - before[part]) / took_s for part in PARTS}


def _listings(company: Company) -> int:
    """How often calendars have been read: once in each sweep."""
    calls = company.control.get("/counters").json()["calls"]
    return sum(one["calls"] for one in calls if one["operation"] == "events.list")


def _seconds_of(pid: int) -> float:
    everybody = Path("/proc").glob("[0-9]*/stat")
    family = [pid, *(int(one.parent.name) for one in everybody if int(_fields(one)[1]) == pid)]
    ticks = 0
    for member in family:
        fields = _fields(Path(f"/proc/{member}/stat"))
        ticks += sum(map(int, fields[11:13]))
        if member == pid:
            ticks += sum(map(int, fields[13:15]))  # of children that have ended
    return ticks / TICKS_PER_S


def _fields(stat: Path) -> list[str]:
    """What stands behind the name, from the state on; a process that has ended took nothing."""
    try:
        return stat.read_text().rpartition(")")[2].split()
    except OSError:
        return ["", *["0"] * 20]


def _kafka_bytes(stack: Stack) -> int:
    """Room that messages take in the broker, but for its own book-keeping."""
    logs = (stack.options.folder / "kafka").rglob("*.log")
    return sum(one.stat().st_size for one in logs if not one.parent.name.startswith("__"))


async def _rows(stack: Stack) -> dict[str, int]:
    database = await asyncpg.connect(stack.database_url)
    try:
        return {
            "history": await database.fetchval("SELECT count(*) FROM sync.history"),
            "inbox": await database.fetchval("SELECT count(*) FROM sync.inbox"),
        }
    finally:
        await database.close()


async def _sizes(stack: Stack) -> dict[str, int]:
    """Room of each table with its indexes, once it holds no dead rows."""
    database = await asyncpg.connect(stack.database_url)
    try:
        sizes = {}
        for table in (*KEPT, "sync.history", "sync.inbox"):
            await database.execute(f"VACUUM FULL {table}")
            sizes[table] = await database.fetchval(
                "SELECT pg_total_relation_size($1::text::regclass)", table
            )
        return sizes
    finally:
        await database.close()


def _say(name: str, values: Seconds, *, digits: int) -> None:
    told = ", ".join(f'"{part}" = {max(value, 0):.{digits}f}' for part, value in values.items())
    print(f"{name} = {{{told}}}", flush=True)


if __name__ == "__main__":
    main()
