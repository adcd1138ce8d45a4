"""Every metric, declared once. Labels hold codes of a small closed set, never ids."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

# The time at which each was made is a second series for each, of which nobody asks.
disable_created_metrics()  # type: ignore[no-untyped-call]

CONSUMED: Final = Counter(
    "tandem_messages_consumed_total", "Messages taken from Kafka and handled", ["topic"]
)
PUBLISHED: Final = Counter(
    "tandem_messages_published_total", "Messages acknowledged by Kafka", ["topic"]
)
DEAD_LETTERS: Final = Counter(
    "tandem_dead_letters_total",
    "Messages given up, by what was wrong with them",
    ["topic", "cause"],
)
RETRIES: Final = Counter(
    "tandem_handler_retries_total", "Batches tried again after an error", ["topic"]
)
HANDLE_SECONDS: Final = Histogram(
    "tandem_handle_seconds", "Time to handle one batch of messages", ["topic"]
)
WEBHOOKS: Final = Counter(
    "tandem_webhooks_total",
    "Webhook deliveries, by provider and what became of them",
    ["provider", "result"],
)
PROVIDER_CALLS: Final = Counter(
    "tandem_provider_calls_total", "Calls to providers", ["provider", "operation", "result"]
)
PROVIDER_SECONDS: Final = Histogram(
    "tandem_provider_call_seconds", "Time of one provider call", ["provider", "operation"]
)
DECISIONS: Final = Counter(
    "tandem_decisions_total", "Decisions of the reconciler", ["action", "reason"]
)
CHANGE_SECONDS: Final = Histogram(
    "tandem_change_seconds",
    "Age of a change, from the stamp of the side that made it to the other side's answer",
    ["provider", "direction"],
    buckets=(0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600),
)
CONSUME_AGE: Final = Gauge(
    "tandem_consume_age_seconds", "Age of the oldest message of the batch taken last", ["topic"]
)
OUTBOX_WAITING: Final = Gauge("tandem_outbox_waiting", "Outbox rows not yet published")
OUTBOX_AGE: Final = Gauge("tandem_outbox_age_seconds", "Age of the oldest outbox row")
POOL: Final = Gauge("tandem_database_connections", "Connections to PostgreSQL", ["state"])
HEARTBEAT: Final = Gauge(
    "tandem_heartbeat_timestamp_seconds", "When a loop last began a round", ["loop"]
)
LOOP_ERRORS: Final = Counter("tandem_loop_errors_total", "Failed rounds of a run loop", ["loop"])
BROKER_LOSSES: Final = Counter(
    "tandem_broker_losses_total", "Times that Kafka was found to have lost acknowledged messages"
)
PARKED: Final = Gauge("tandem_commands_parked", "Commands waiting for a provider", ["provider"])
GRANTS_LOST: Final = Counter(
    "tandem_grants_lost_total", "Times that a connection lost the grant of an account", ["account"]
)
EVENTS_SKIPPED: Final = Counter(
    "tandem_events_skipped_total",
    "Events that were read but not passed on, by the reason",
    ["provider", "reason"],
)
