"""Writes what monitoring takes from one place: rules as a resource, dashboards, docs/metrics.md.

`python tools/generate_monitoring.py` writes them; `--check` fails where one is stale.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

import yaml
from prometheus_client.metrics import MetricWrapperBase

from tandem.contracts.topics import SERVICES
from tandem.runtime import metrics

ROOT: Final = Path(__file__).parent.parent
DEPLOY: Final = ROOT / "deploy"
RULES: Final = DEPLOY / "prometheus/rules.yml"
SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
P99: Final = "histogram_quantile(0.99, sum by (le, {by}) (rate({metric}_bucket[5m])))"

# Each panel: title, unit, query, legend.
Panel = tuple[str, str, str, str]
DASHBOARDS: Final[dict[str, tuple[str, list[Panel]]]] = {
    "overview": (
        "Tandem: overview",
        [
            ("Changes late (over 10 s)", "percentunit", "tandem:changes_late:ratio_rate5m", "late"),
            (
                "Age of a change, p99",
                "s",
                P99.format(by="provider, direction", metric="tandem_change_seconds"),
                "{{provider}} {{direction}}",
            ),
            (
                "Changes a second",
                "ops",
                "sum by (direction) (rate(tandem_change_seconds_count[5m]))",
                "{{direction}}",
            ),
            (
                "How late consumers read",
                "s",
                "max by (service, topic) (tandem_consume_age_seconds)",
                "{{service}} {{topic}}",
            ),
            (
                "Messages taken",
                "ops",
                "sum by (topic) (rate(tandem_messages_consumed_total[5m]))",
                "{{topic}}",
            ),
            (
                "Messages published",
                "ops",
                "sum by (topic) (rate(tandem_messages_published_total[5m]))",
                "{{topic}}",
            ),
            (
                "Time of a batch, p99",
                "s",
                P99.format(by="topic", metric="tandem_handle_seconds"),
                "{{topic}}",
            ),
            (
                "Outbox, oldest row",
                "s",
                "max by (service) (tandem_outbox_age_seconds)",
                "{{service}}",
            ),
            ("Outbox, rows", "short", "max by (service) (tandem_outbox_waiting)", "{{service}}"),
            (
                "Dead letters",
                "short",
                "sum by (topic, cause) (increase(tandem_dead_letters_total[15m]))",
                "{{topic}} {{cause}}",
            ),
            (
                "Batches tried again",
                "ops",
                "sum by (topic) (rate(tandem_handler_retries_total[5m]))",
                "{{topic}}",
            ),
            (
                "Database connections in use",
                "short",
                'sum by (service) (tandem_database_connections{state="used"})',
                "{{service}}",
            ),
            (
                "Loops, since the last round",
                "s",
                'time() - max by (service) (tandem_heartbeat_timestamp_seconds{loop="outbox"})',
                "{{service}}",
            ),
            (
                "Failed rounds",
                "short",
                "sum by (service, loop) (increase(tandem_loop_errors_total[10m]))",
                "{{service}} {{loop}}",
            ),
            (
                "Broker lost messages",
                "short",
                "sum by (service) (increase(tandem_broker_losses_total[1h]))",
                "{{service}}",
            ),
        ],
    ),
    "one-change": (
        "Tandem: one change's way",
        [
            (
                "Time of each hop, p99",
                "ms",
                (
                    "histogram_quantile(0.99, sum by (le, service_name, span_name)"
                    " (rate(traces_spanmetrics_duration_milliseconds_bucket[5m])))"
                ),
                "{{service_name}} {{span_name}}",
            ),
            (
                "Hops a second",
                "ops",
                "sum by (service_name, span_name) (rate(traces_spanmetrics_calls_total[5m]))",
                "{{service_name}} {{span_name}}",
            ),
            (
                "Failed hops",
                "ops",
                (
                    "sum by (service_name, span_name)"
                    ' (rate(traces_spanmetrics_calls_total{status_code="STATUS_CODE_ERROR"}[5m]))'
                ),
                "{{service_name}} {{span_name}}",
            ),
            (
                "Who calls whom",
                "ops",
                "sum by (client, server) (rate(traces_service_graph_request_total[5m]))",
                "{{client}} > {{server}}",
            ),
        ],
    ),
    "providers": (
        "Tandem: providers and quotas",
        [
            (
                "Calls",
                "ops",
                "sum by (provider, operation) (rate(tandem_provider_calls_total[5m]))",
                "{{provider}} {{operation}}",
            ),
            (
                "Calls by result",
                "ops",
                "sum by (provider, result) (rate(tandem_provider_calls_total[5m]))",
                "{{provider}} {{result}}",
            ),
            (
                "Time of a call, p99",
                "s",
                P99.format(by="provider, operation", metric="tandem_provider_call_seconds"),
                "{{provider}} {{operation}}",
            ),
            (
                "Webhooks",
                "ops",
                "sum by (provider, result) (rate(tandem_webhooks_total[5m]))",
                "{{provider}} {{result}}",
            ),
            (
                "Writes that wait for the provider",
                "short",
                "max by (provider) (tandem_commands_parked)",
                "{{provider}}",
            ),
            (
                "Events that were read but not passed on",
                "ops",
                "sum by (provider, reason) (rate(tandem_events_skipped_total[5m]))",
                "{{provider}} {{reason}}",
            ),
        ],
    ),
    "decisions": (
        "Tandem: decisions",
        [
            (
                "Decisions",
                "ops",
                "sum by (action, reason) (rate(tandem_decisions_total[5m]))",
                "{{action}} {{reason}}",
            ),
            (
                "Conflicts, held deletions, brakes, refused writes",
                "short",
                (
                    "sum by (reason) (increase(tandem_decisions_total{reason=~"
                    '"conflict|held_mass_delete|loop_suspected|provider_refused"}[1h]))'
                ),
                "{{reason}}",
            ),
            (
                "Grants lost",
                "short",
                "sum by (account) (increase(tandem_grants_lost_total[1h]))",
                "{{account}}",
            ),
        ],
    ),
}


CLIENTS_OWN: Final = ("python_", "process_")
"""Names of what Prometheus' client tells of every Python process begin so."""

_CRM, _CALENDAR, _RECONCILER, _SETTINGS = SERVICES
_INGEST: Final = (_CRM, _CALENDAR)
_ONLY: Final[dict[str, tuple[str, ...]]] = {
    "tandem_webhooks_total": _INGEST,
    "tandem_provider_calls_total": _INGEST,
    "tandem_provider_call_seconds": _INGEST,
    "tandem_commands_parked": _INGEST,
    "tandem_events_skipped_total": (_CALENDAR,),
    "tandem_decisions_total": (_RECONCILER,),
    "tandem_change_seconds": (_RECONCILER,),
    "tandem_grants_lost_total": (_SETTINGS,),
}
"""Metrics that not every service tells."""


def declared() -> Iterator[MetricWrapperBase]:
    """Every metric of the runtime, in the order of its declaration."""
    for value in vars(metrics).values():
        if isinstance(value, MetricWrapperBase):
            yield value


def name_of(metric: MetricWrapperBase) -> str:
    """What a metric is called where it is told."""
    [described] = metric.describe()
    return described.name + ("_total" if described.type == "counter" else "")


def signals() -> dict[str, tuple[str, ...]]:
    """Which services tell each metric; a test holds this against the running ones."""
    names = [name_of(metric) for metric in declared()]
    return {name: _ONLY.get(name, SERVICES) for name in names}


def dashboard(uid: str) -> dict[str, Any]:
    """One dashboard as Grafana keeps it."""
    title, panels = DASHBOARDS[uid]
    numbers = count(1)
    return {
        "uid": f"tandem-{uid}",
        "title": title,
        "tags": ["tandem"],
        "schemaVersion": 41,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [{"name": "source", "type": "datasource", "query": "prometheus"}],
        },
        "panels": [_panel(next(numbers), *panel) for panel in panels],
    }


def _panel(number: int, title: str, unit: str, query: str, legend: str) -> dict[str, Any]:
    column, row = (number - 1) % 2, (number - 1) // 2
    return {
        "id": number,
        "type": "timeseries",
        "title": title,
        "datasource": SOURCE,
        "gridPos": {"h": 8, "w": 12, "x": 12 * column, "y": 8 * row},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": "A", "datasource": SOURCE, "expr": query, "legendFormat": legend},
        ],
    }


def metrics_page() -> str:
    """What every metric says."""
    lines = ["# Metrics", "", "Made from `tandem.runtime.metrics`, which declares each once.", ""]
    lines += ["| metric | kind | labels | services | says |", "|---|---|---|---|---|"]
    told_by = signals()
    for metric in declared():
        [described] = metric.describe()
        name = name_of(metric)
        labels = ", ".join(f"`{label}`" for label in metric._labelnames)  # noqa: SLF001 - no public way
        services = "all" if told_by[name] == SERVICES else ", ".join(told_by[name])
        lines.append(
            f"| `{name}` | {described.type} | {labels} | {services} | {described.documentation} |"
        )
    own = ", ".join(f"`{prefix}*`" for prefix in CLIENTS_OWN)
    lines += [
        "",
        f"Prometheus' client adds what it knows of its process: {own}. What is rare is told as 0",
        "from the start, so that the first time counts. `make monitoring-test` holds this table,",
        "every query of the dashboards and every alert against the running services, with a real",
        "Prometheus.",
    ]
    return "\n".join(lines) + "\n"


def rule_resource() -> str:
    """The alert rules as the Prometheus operator takes them."""
    resource = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "tandem"},
        "spec": yaml.safe_load(RULES.read_text("utf-8")),
    }
    head = "# Made by tools/generate_monitoring.py from deploy/prometheus/rules.yml.\n"
    return head + yaml.safe_dump(resource, sort_keys=False, width=1000)


def files() -> dict[Path, str]:
    """Everything that is made, by its path."""
    made = {
        ROOT / "docs/metrics.md": metrics_page(),
        DEPLOY / "kustomize/components/monitoring/rules.yaml": rule_resource(),
    }
    for uid in DASHBOARDS:
        text = json.dumps(dashboard(uid), indent=1) + "\n"
        made[DEPLOY / f"kustomize/components/monitoring/dashboards/{uid}.json"] = text
    return made


def main() -> int:
    """Write the files, or tell which are stale."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for file, text in files().items():
        if check and (not file.exists() or file.read_text("utf-8") != text):
            stale.append(str(file.relative_to(ROOT)))
        elif not check:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
    if stale:
        print(f"out of date: {', '.join(stale)}; run: make docs", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
