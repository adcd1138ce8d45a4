"""Every Kafka topic, declared once: name, partitions, retention, compaction.

Nobody else creates topics, and auto-creation is off.
"""

from typing import Final

from tandem.contracts.message import Contract

DAY_MS: Final = 86_400_000
DEAD_LETTER_SUFFIX: Final = ".dead-letters.v1"


class Topic(Contract):
    """A topic as it is to exist; `retention_ms` counts for topics that are not compacted."""

    name: str
    partitions: int = 12
    retention_ms: int = 7 * DAY_MS
    compacted: bool = False


CRM_HINTS: Final = Topic(name="crm.hints.v1", retention_ms=DAY_MS)
CALENDAR_HINTS: Final = Topic(name="calendar.hints.v1", retention_ms=DAY_MS)
CRM_ACTIVITIES: Final = Topic(name="crm.activities.v1")
CALENDAR_EVENTS: Final = Topic(name="calendar.events.v1")
SETTINGS_CONNECTIONS: Final = Topic(name="settings.connections.v1", compacted=True)
SYNC_REQUESTS: Final = Topic(name="sync.requests.v1")
CRM_COMMANDS: Final = Topic(name="crm.commands.v1")
CALENDAR_COMMANDS: Final = Topic(name="calendar.commands.v1")
SYNC_OUTCOMES: Final = Topic(name="sync.outcomes.v1")
SYNC_HEALTH: Final = Topic(name="sync.health-reports.v1", retention_ms=DAY_MS)


def dead_letters_of(service: str) -> str:
    """Name of the dead-letter topic of a service such as `crm-ingest`."""
    return service + DEAD_LETTER_SUFFIX


SERVICES: Final = ("crm-ingest", "calendar-ingest", "reconciler", "settings-api")

TOPICS: Final = (
    CRM_HINTS,
    CALENDAR_HINTS,
    CRM_ACTIVITIES,
    CALENDAR_EVENTS,
    SETTINGS_CONNECTIONS,
    SYNC_REQUESTS,
    CRM_COMMANDS,
    CALENDAR_COMMANDS,
    SYNC_OUTCOMES,
    SYNC_HEALTH,
    *(
        Topic(name=dead_letters_of(service), partitions=1, retention_ms=30 * DAY_MS)
        for service in SERVICES
    ),
)
