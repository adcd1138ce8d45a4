"""Shows what the model of `tools.scale_model` reckons: `python -m tools.scale_page` prints it."""

import re
from collections.abc import Callable
from typing import Final

from tools.scale_model import SERVICES, USERS, Inputs, Plan, first_to_give_way, plan

BEGIN, END = "<!-- scale model: begin -->", "<!-- scale model: end -->"
_BETWEEN: Final = re.compile(f"{BEGIN}.*{END}", re.DOTALL)
_LEAST: Final = 0.01
ROWS: Final[dict[str, Callable[[Plan], str]]] = {
    "changes in the busiest minute, each second": lambda one: _figure(one.changes_per_s),
    "form": lambda one: "one machine" if one.one_machine else "cluster",
    **{
        f"{service.replace('_', '-')}: cores, pods": lambda one, service=service: (  # type: ignore[misc]
            f"{_figure(one.cores[service])}, {one.pods[service]}"
        )
        for service in SERVICES
    },
    "PostgreSQL: cores": lambda one: _figure(one.cores["postgres"]),
    "PostgreSQL: connections, at most": lambda one: f"{one.connections:,}",
    "PostgreSQL: disk, and growth a year": lambda one: (
        f"{_size(one.postgres_gb)} + {_size(one.postgres_gb_per_year)}"
    ),
    "Kafka: cores": lambda one: _figure(one.cores["kafka"]),
    "Kafka: partitions of a topic": lambda one: f"{one.partitions}",
    "Kafka: disk of one copy": lambda one: _size(one.kafka_gb),
    "Google: calls a day": lambda one: f"{one.google_calls_per_day:,.0f}",
    "Google: quota units in the busiest minute": lambda one: f"{one.google_units_per_minute:,.0f}",
    "Pipedrive: share of a seat's tokens": lambda one: f"{one.pipedrive_share:.1%}",
    "euro a month": lambda one: f"{one.euro_per_month:,.0f}",
    "euro a month and user": lambda one: f"{one.euro_per_user:.3g}",
}
REMEDIES: Final = {
    "google_minute": (
        "Google: units a minute of one project",
        "ask Google for more; until then writes wait for the next minute, changes of people first",
    ),
    "google_day": (
        "Google: calls a day before it bills",
        "pay, or sweep rarer: the sweeps are a third of them",
    ),
    "connections": (
        "PostgreSQL: `max_connections`, if every pool fills up",
        (
            "a pooler in transaction mode that knows prepared statements: locks of ours but the"
            " migrations' end with their transaction"
        ),
    ),
    "relay": (
        "one outbox relay of each service at a time",
        "a change of code: an outbox of each of several shards of companies",
    ),
    "partitions": (
        "Kafka: consumers of a topic",
        (
            "more partitions (`tandem.contracts.topics`, `components/strimzi-kafka`): order rests"
            " on row locks and revisions, not on the partition"
        ),
    ),
    "postgres": (
        "PostgreSQL: cores of one server",
        (
            "a server for each service's schema, which has a URL of its own; then tables"
            " partitioned by company, then installations by region"
        ),
    ),
}


def tables(inputs: Inputs) -> str:
    """What each number of users needs, and what gives way first."""
    plans = [plan(users, inputs) for users in USERS]
    lines = ["| users | " + " | ".join(f"{one.users:,}" for one in plans) + " |"]
    lines.append("|---" * (len(plans) + 1) + "|")
    lines += [
        f"| {name} | " + " | ".join(show(one) for one in plans) + " |"
        for name, show in ROWS.items()
    ]
    lines += ["", "| from so many users | gives way | what is done then |", "|---|---|---|"]
    for users, limit in first_to_give_way(inputs):
        what, remedy = REMEDIES[limit]
        lines.append(f"| {users:,} | {what} | {remedy} |")
    return "\n".join(lines)


def with_figures(page: str, inputs: Inputs) -> str:
    """The page with its tables as the model reckons them now."""
    return _BETWEEN.sub(f"{BEGIN}\n\n{tables(inputs)}\n\n{END}".replace("\\", r"\\"), page)


def _figure(value: float) -> str:
    """Two digits that count."""
    if value < _LEAST:
        return f"< {_LEAST}"
    return f"{float(f'{value:.2g}'):,.10g}"


def _size(gigabytes: float) -> str:
    for unit, size in (("TB", 1e3), ("GB", 1.0), ("MB", 1e-3)):
        if gigabytes >= size:
            return f"{_figure(gigabytes / size)} {unit}"
    return f"{_figure(gigabytes * 1e6)} kB"


if __name__ == "__main__":
    print(tables(Inputs.read()))
