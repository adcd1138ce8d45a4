"""Reckons what an installation needs, from `bench/scale.toml`; `tools.scale_page` shows it.

Every demand is of the busiest minute of a working day. `plan` says what a number of users needs,
`first_to_give_way` at how many of them each part of the shipped manifests is full.
"""

import math
import tomllib
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent
INPUTS: Final = ROOT / "bench/scale.toml"
USERS: Final = (1, 100, 10_000, 1_000_000)
USERS_MAX: Final = 10**9
SERVICES: Final = ("crm_ingest", "calendar_ingest", "reconciler", "settings_api")
SERVERS: Final = ("postgres", "kafka")
HOUR_S: Final = 3_600
DAY_S: Final = 86_400
GB: Final = 1e9


@dataclass(frozen=True)
class Inputs:
    """The sections of the file of inputs."""

    measured: Mapping[str, Any]
    told: Mapping[str, float]
    people: Mapping[str, float]
    limits: Mapping[str, Any]
    margins: Mapping[str, float]
    prices: Mapping[str, float]

    @classmethod
    def read(cls, file: Path = INPUTS) -> "Inputs":
        """Those of a file."""
        return cls(**tomllib.loads(file.read_text("utf-8")))


@dataclass(frozen=True)
class Plan:
    """What a number of users needs."""

    users: int
    changes_per_s: float
    cores: Mapping[str, float]
    """What work takes; each process takes a little more at rest."""
    pods: Mapping[str, int]
    partitions: int
    connections: int
    google_calls_per_day: float
    google_units_per_minute: float
    pipedrive_share: float
    postgres_gb: float
    postgres_gb_per_year: float
    kafka_gb: float
    euro_per_month: float
    one_machine: bool

    @property
    def euro_per_user(self) -> float:
        """What one user costs a month."""
        return self.euro_per_month / self.users


def plan(users: int, inputs: Inputs) -> Plan:
    """Reckon for a number of users."""
    people, margins = inputs.people, inputs.margins
    changes = users * people["changes_per_day"] / (people["working_hours"] * HOUR_S)
    changes *= people["peak_factor"]
    sweeps = users * people["sweeps_per_day"] / DAY_S
    cores = {part: _cores(part, changes, sweeps, inputs) for part in (*SERVICES, *SERVERS)}
    pods = {service: _pods(service, cores[service], inputs) for service in SERVICES}
    each = inputs.limits["connections_per_pool"]
    calls = _google_calls(users, inputs)
    kept_gb, yearly_gb = _database_gb(users, inputs)
    kafka_gb = users * people["changes_per_day"] * inputs.measured["kafka_bytes_per_change"] / GB
    kafka_gb *= margins["kafka_days"]
    rest = inputs.measured["cores_at_rest"]
    alone = sum(cores.values()) + sum(rest.values()) <= (
        inputs.prices["machine_cores"] * margins["core_use"]
    )
    if alone:
        pods = dict.fromkeys(SERVICES, 1)
    return Plan(
        users=users,
        changes_per_s=changes,
        cores=cores,
        pods=pods,
        partitions=_partitions(pods, inputs),
        connections=sum(pods[one] * inputs.limits["pools_per_pod"][one] for one in pods) * each,
        google_calls_per_day=calls,
        google_units_per_minute=_google_units(users, inputs),
        pipedrive_share=_tokens(inputs) / inputs.limits["pipedrive_tokens_per_seat"],
        postgres_gb=kept_gb,
        postgres_gb_per_year=yearly_gb,
        kafka_gb=kafka_gb,
        euro_per_month=inputs.prices["machine"] + (kept_gb + kafka_gb) * inputs.prices["disk_gb"]
        if alone
        else _euro(cores, pods, kept_gb + yearly_gb, kafka_gb, inputs),
        one_machine=alone,
    )


def first_to_give_way(inputs: Inputs) -> list[tuple[int, str]]:
    """Each limit with the number of users at which it is reached, the first one first."""
    limits = inputs.limits
    reached: dict[str, Callable[[Plan], bool]] = {
        "google_day": lambda one: one.google_calls_per_day > limits["google_calls_per_day"],
        "google_minute": lambda one: (
            one.google_units_per_minute > limits["google_units_per_minute"]
        ),
        "connections": lambda one: one.connections > limits["postgres_connections"],
        "partitions": lambda one: one.partitions > limits["partitions"],
        "relay": lambda one: one.changes_per_s > inputs.told["relayed_per_s_max"],
        "postgres": lambda one: (
            one.cores["postgres"] > limits["postgres_cores"] * inputs.margins["core_use"]
        ),
    }
    return sorted((_users_at(full, inputs), name) for name, full in reached.items())


def _users_at(full: Callable[[Plan], bool], inputs: Inputs) -> int:
    """The least number of users for whom a limit is exceeded."""
    users = range(1, USERS_MAX)
    return 1 + bisect_left(users, True, key=lambda number: full(plan(number, inputs)))


def _cores(part: str, changes: float, sweeps: float, inputs: Inputs) -> float:
    measured = inputs.measured
    spent_ms = changes * measured["cpu_ms_per_change"][part]
    spent_ms += sweeps * measured["cpu_ms_per_sweep"][part]
    return float(spent_ms / 1000)


def _pods(service: str, cores: float, inputs: Inputs) -> int:
    """Enough that none is busier than it may be."""
    room = inputs.margins["core_use"] - float(inputs.measured["cores_at_rest"][service])
    return max(int(inputs.limits["pods_least"][service]), math.ceil(cores / room))


def _partitions(pods: Mapping[str, int], inputs: Inputs) -> int:
    """As many as the consumers of one topic, in steps of what is declared."""
    step = int(inputs.limits["partitions"])
    roles: Mapping[str, int] = inputs.limits["consuming_roles"]
    consumers = max(math.ceil(count / roles[service]) for service, count in pods.items())
    return step * math.ceil(consumers / step)


def _google_calls(users: int, inputs: Inputs) -> float:
    told, people = inputs.told, inputs.people
    each = people["sweeps_per_day"] * told["google_calls_per_sweep"]
    each += people["changes_per_day"] * told["google_calls_per_change"]
    return users * (each + told["google_calls_for_the_channel"])


def _google_units(users: int, inputs: Inputs) -> float:
    """Of the busiest minute: changes in the working hours, sweeps all day long."""
    told, people = inputs.told, inputs.people
    changes = people["changes_per_day"] * told["google_calls_per_change"]
    changes *= people["peak_factor"] / (people["working_hours"] * 60)
    sweeps = people["sweeps_per_day"] * told["google_calls_per_sweep"] / (24 * 60)
    return users * (changes * float(inputs.limits["google_units_per_call"]) + sweeps)


def _tokens(inputs: Inputs) -> float:
    told, people = inputs.told, inputs.people
    tokens = people["sweeps_per_day"] * told["pipedrive_tokens_per_sweep"]
    return tokens + people["changes_per_day"] * told["pipedrive_tokens_per_change"]


def _database_gb(users: int, inputs: Inputs) -> tuple[float, float]:
    """What stays the same, and what a year adds: the history."""
    measured, people, margins = inputs.measured, inputs.people, inputs.margins
    inbox = people["changes_per_day"] * measured["inbox_rows_per_change"] * margins["inbox_days"]
    kept = people["pairs"] * measured["bytes_per_pair"] + inbox * measured["bytes_per_inbox_row"]
    history = people["changes_per_day"] * people["working_days_per_year"]
    history *= measured["history_rows_per_change"] * measured["bytes_per_history_row"]
    return users * kept * margins["table_bloat"] / GB, users * history / GB


def _euro(
    cores: Mapping[str, float],
    pods: Mapping[str, int],
    postgres_gb: float,
    kafka_gb: float,
    inputs: Inputs,
) -> float:
    """A month of a cluster: what runs, its copies, and the disks after a year."""
    margins, prices = inputs.margins, inputs.prices
    copies = {"postgres": margins["postgres_copies"], "kafka": margins["kafka_copies"]}
    rest: Mapping[str, float] = inputs.measured["cores_at_rest"]
    busy = sum(cores[one] + pods[one] * rest[one] for one in SERVICES)
    busy += sum((cores[one] + rest[one]) * copies[one] for one in SERVERS)
    memory = sum(pods.values()) * prices["pod_memory_gb"]
    memory += sum(copies.values()) * prices["server_memory_gb"]
    disk = postgres_gb * copies["postgres"] + kafka_gb * copies["kafka"]
    return (
        busy / margins["core_use"] * prices["core"]
        + memory * prices["memory_gb"]
        + disk * prices["disk_gb"]
    )
