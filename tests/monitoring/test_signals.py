"""What dashboards, alerts and documents count on is what the running services tell."""

import math
import re
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.monitoring.happenings import TROUBLES
from tests.monitoring.queries import ELSEWHERE, Query, every_query
from tools.generate_monitoring import CLIENTS_OWN, signals

from tandem.contracts.topics import SERVICES
from tandem_embedded.stack import Stack

DOCS = Path(__file__).parents[2] / "docs"
MODULES = {"tandem_embedded", "tandem_sandbox"}
QUERIES = every_query()


def _exported(stack: Stack) -> dict[str, set[str]]:
    """Every metric that a service tells a sample of, by service."""
    told: dict[str, set[str]] = {}
    for service in SERVICES:
        address = stack.urls[service.replace("-", "_")]
        text = httpx.get(address + "/metrics", timeout=30).text
        told[service] = {
            family.name + ("_total" if family.type == "counter" else "")
            for family in text_string_to_metric_families(text)
            if family.samples
        }
    return told


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.place)
def test_every_query_gives_a_series(prometheus, query: Query):
    found = prometheus.query(query.while_all_is_well)
    if query.of_others:
        assert found == []
    else:
        assert any(not math.isnan(float(one["value"][1])) for one in found), query.text


def test_what_does_not_run_here_is_asked_for_and_named():
    asked = " ".join(query.text for query in QUERIES if query.of_others)
    assert set(re.findall(r"traces_\w+", asked)) == ELSEWHERE.keys()
    assert not [one for one in QUERIES if one.of_others and "tandem" in one.text]


def test_prometheus_takes_every_rule(prometheus):
    rules = prometheus.rules()
    assert len(rules) == len([one for one in QUERIES if ": " not in one.place])
    assert [rule for rule in rules if rule["health"] != "ok"] == []


@pytest.mark.parametrize("alert", TROUBLES)
def test_the_first_trouble_counts(prometheus, alert: str):
    [query] = [one for one in QUERIES if one.place == alert]
    without_threshold = re.sub(r" > \d+$", " > 0", query.text)
    assert prometheus.query(without_threshold), query.text


def test_every_metric_that_is_told_is_documented(prometheus, stack):
    page = (DOCS / "metrics.md").read_text("utf-8")
    documented = set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE))
    told = set().union(*_exported(stack).values())
    assert {one for one in told if not one.startswith(CLIENTS_OWN)} <= documented
    assert all(f"`{prefix}*`" in page for prefix in CLIENTS_OWN)


def test_every_metric_that_a_document_names_is_told(prometheus, stack):
    told = set().union(*_exported(stack).values())
    for page in DOCS.rglob("*.md"):
        named = set(re.findall(r"\btandem_[a-z_]+", page.read_text("utf-8"))) - MODULES
        plain = {re.sub(r"_(bucket|count|sum)$", "", name) for name in named}
        assert plain <= told, page


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_tells_what_the_table_says(prometheus, stack, service: str):
    told = {one for one in _exported(stack)[service] if not one.startswith(CLIENTS_OWN)}
    assert told == {name for name, services in signals().items() if service in services}
