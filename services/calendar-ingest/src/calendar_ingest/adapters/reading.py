"""Reads what providers list; an event that can not be passed on is counted, and no more."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from tandem.contracts.connections import Provider
from tandem.contracts.events import EventSnapshot
from tandem.runtime import metrics
from tandem.runtime.logs import LOG

Json = dict[str, Any]


def readable(provider: Provider, read: Callable[[], EventSnapshot | None]) -> EventSnapshot | None:
    """An event, unless it is of a shape that nobody has told of; the others must not suffer."""
    event: EventSnapshot | None = None
    try:
        event = read()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        LOG.error("event_unreadable", provider=provider.value, error=type(error).__name__)
    if event is None:
        skip(provider, "unreadable")
    return event


def all_readable(
    provider: Provider, read: Callable[[Json], EventSnapshot | None], items: Iterable[Json]
) -> tuple[EventSnapshot, ...]:
    """Those of some events that can be passed on."""
    events = (readable(provider, partial(read, item)) for item in items)
    return tuple(filter(None, events))


def count_skipped_from_zero(providers: Iterable[Provider]) -> None:
    """Have the metric tell of events that are not passed on before there is any."""
    for provider in providers:
        for reason in ("series", "unreadable"):
            metrics.EVENTS_SKIPPED.labels(provider.value, reason)


def skip(provider: Provider, reason: str) -> None:
    """Count an event that is not passed on."""
    metrics.EVENTS_SKIPPED.labels(provider.value, reason).inc()
