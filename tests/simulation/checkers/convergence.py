"""When nothing happens any more, both sides of a synced pair say the same and nothing waits."""

from collections.abc import Iterator

from tests.simulation.endings import Ending, endings_of
from tests.simulation.shown import shown_by_activity, shown_by_event
from tests.simulation.simulation import Simulation


def check(simulation: Simulation) -> list[str]:
    """Differences, and work that is left."""
    return [*_differences(simulation), *_left_over(simulation)]


def _differences(simulation: Simulation) -> Iterator[str]:
    for one in endings_of(simulation):
        if one.is_pair:
            yield from _difference(one)


def _difference(one: Ending) -> Iterator[str]:
    activity, event = shown_by_activity(one.activities[0]), shown_by_event(one.events[0])
    for field, value in activity.items():
        if event[field] != value:
            yield f"{one.token}: {field} is {value!r} in Pipedrive, {event[field]!r} beside it"


def _left_over(simulation: Simulation) -> Iterator[str]:
    for name, lag in simulation.kafka.waiting().items():
        yield f"{lag} records wait for {name}"
    for name, store in simulation.stores.items():
        if rows := len(list(store.tables.outbox)):
            yield f"{rows} messages are left in the outbox of {name}"
    for service, table in (
        ("crm-ingest", "parked_commands"),
        ("crm-ingest", "held_hints"),
        ("crm-ingest", "reads"),
        ("calendar-ingest", "commands"),
        ("reconciler", "deferred"),
    ):
        if rows := len(list(getattr(simulation.stores[service].tables, table))):
            yield f"{rows} rows are left in {table} of {service}"
    for link in simulation.stores["reconciler"].tables.links:  # type: ignore[attr-defined]
        if link["pending_since"] is not None:
            yield f"link {link['link_id']} still waits for an outcome"
