"""What the reconciler consumes; each topic has a group of its own."""

from reconciler.executor import Executor
from tandem.contracts.activities import ACTIVITY_MESSAGES
from tandem.contracts.connections import CONNECTION_MESSAGES
from tandem.contracts.events import EVENT_MESSAGES
from tandem.contracts.outcomes import OUTCOME_MESSAGES
from tandem.contracts.topics import (
    CALENDAR_EVENTS,
    CRM_ACTIVITIES,
    SETTINGS_CONNECTIONS,
    SYNC_OUTCOMES,
)
from tandem.runtime.app import Runtime


def subscribe_all(runtime: Runtime, executor: Executor) -> None:
    """Register every subscriber."""
    runtime.subscribe(
        CRM_ACTIVITIES,
        purpose="activities",
        title="Decides about observed activities",
        messages=ACTIVITY_MESSAGES,
        handle=executor.on_activities,
    )
    runtime.subscribe(
        CALENDAR_EVENTS,
        purpose="events",
        title="Decides about observed events",
        messages=EVENT_MESSAGES,
        handle=executor.on_events,
    )
    runtime.subscribe(
        SYNC_OUTCOMES,
        purpose="outcomes",
        title="Takes over what became of commands",
        messages=OUTCOME_MESSAGES,
        handle=executor.on_outcomes,
    )
    runtime.subscribe(
        SETTINGS_CONNECTIONS,
        purpose="connections",
        title="Takes over connections and their settings",
        messages=CONNECTION_MESSAGES,
        handle=executor.on_connections,
    )
