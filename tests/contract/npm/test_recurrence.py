"""Occurrences as the sandbox has them are those that a library of other authors finds."""

import json
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from tests.contract.npm.installed import NODE, needs_npm_clients, staged
from tests.contract.npm.rules import (
    OCCURRENCES_MAX,
    Rule,
    any_rule,
    bounded,
    exchange_pattern,
    graph_pattern,
)

from tandem_sandbox.exchange import recurrence as exchange
from tandem_sandbox.google.series import Series
from tandem_sandbox.microsoft import recurrence as microsoft

pytestmark = needs_npm_clients

RULES = 2000
SEED = 20_270_601
ZONE = ZoneInfo("Europe/Stockholm")
_TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"


def _second_opinion(folder: Path, rules: Sequence[Rule]) -> list[list[datetime]]:
    """Beginnings of the first occurrences of each rule."""
    asked = [{"start": rule.start.isoformat(), "rule": rule.text} for rule in rules]
    told = subprocess.run(
        [NODE, "expand.mjs"],
        cwd=staged(folder),
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return [[datetime.fromisoformat(one) for one in found] for found in json.loads(told.stdout)]


def _at_google(rule: Rule) -> list[datetime]:
    start = rule.start.replace(tzinfo=ZONE).astimezone(UTC)
    fields = {
        "start": {"dateTime": start.isoformat(), "timeZone": ZONE.key},
        "end": {"dateTime": (start + timedelta(hours=1)).isoformat(), "timeZone": ZONE.key},
        "recurrence": [f"RRULE:{rule.text}"],
    }
    return [
        datetime.fromtimestamp(one.start_at, ZONE).replace(tzinfo=None)
        for one in islice(Series(fields, ZONE).occurrences(), OCCURRENCES_MAX)
    ]


def _all_day_at_google(rule: Rule) -> list[datetime]:
    day = rule.start.date()
    fields = {
        "start": {"date": day.isoformat()},
        "end": {"date": (day + timedelta(days=1)).isoformat()},
        "recurrence": [f"RRULE:{rule.text}"],
    }
    return [
        datetime.fromisoformat(one.start["date"])
        for one in islice(Series(fields, ZONE).occurrences(), OCCURRENCES_MAX)
    ]


def _ends(rule: Rule) -> dict[str, str]:
    """The end of a rule: its count or its last day."""
    name, _, value = rule.text.rpartition(";")[2].partition("=")
    if name == "COUNT":
        return {"count": value}
    return {"until": datetime.strptime(value, "%Y%m%dT%H%M%S").date().isoformat()}  # noqa: DTZ007


def _at_graph(pattern: dict[str, object], rule: Rule) -> list[datetime]:
    first, ends = rule.start.date(), _ends(rule)
    span: dict[str, object] = {"startDate": first.isoformat()}
    if "count" in ends:
        span |= {"type": "numbered", "numberOfOccurrences": int(ends["count"])}
    else:
        span |= {"type": "endDate", "endDate": ends["until"]}
    days = microsoft.days_of({"pattern": pattern, "range": span}, first)
    return [datetime.combine(day, datetime.min.time()) for day in days[:OCCURRENCES_MAX]]


def _at_exchange(pattern: str, rule: Rule) -> list[datetime]:
    first, ends = f"<StartDate>{rule.start.date()}</StartDate>", _ends(rule)
    if "count" in ends:
        bounds = f"<NumberOfOccurrences>{ends['count']}</NumberOfOccurrences>"
        span = f"<NumberedRecurrence>{first}{bounds}</NumberedRecurrence>"
    else:
        bounds = f"<EndDate>{ends['until']}</EndDate>"
        span = f"<EndDateRecurrence>{first}{bounds}</EndDateRecurrence>"
    asked = ET.fromstring(f'<Recurrence xmlns="{_TYPES}">{pattern}{span}</Recurrence>')  # noqa: S314 - ours
    days = islice(exchange.days_of(asked), OCCURRENCES_MAX)
    return [datetime.combine(day, datetime.min.time()) for day in days]


def _agree(
    rules: Sequence[Rule], found: Sequence[list[datetime]], expected: Sequence[list[datetime]]
) -> None:
    assert len(found) == len(expected) == RULES
    different = [
        (rule, ours, theirs)
        for rule, ours, theirs in zip(rules, found, expected, strict=True)
        if ours != theirs
    ]
    assert not different, f"{len(different)} rules, the first: {different[0]}"
    assert sum(map(len, found)) > 10 * RULES, "most have many occurrences"


@pytest.fixture
def chance() -> Random:
    return Random(SEED)


def test_rules_of_google(tmp_path: Path, chance: Random):
    rules = [any_rule(chance) for _ in range(RULES)]
    found = [_all_day_at_google(one) if one.start.hour == 0 else _at_google(one) for one in rules]
    _agree(rules, found, _second_opinion(tmp_path, rules))


def test_patterns_of_graph(tmp_path: Path, chance: Random):
    patterns = [graph_pattern(chance) for _ in range(RULES)]
    rules = [bounded(chance, text) for _, text in patterns]
    found = [_at_graph(pattern, rule) for (pattern, _), rule in zip(patterns, rules, strict=True)]
    _agree(rules, found, _second_opinion(tmp_path, rules))


def test_patterns_of_exchange(tmp_path: Path, chance: Random):
    patterns = [exchange_pattern(chance) for _ in range(RULES)]
    rules = [bounded(chance, text) for _, text in patterns]
    found = [
        _at_exchange(pattern, rule) for (pattern, _), rule in zip(patterns, rules, strict=True)
    ]
    _agree(rules, found, _second_opinion(tmp_path, rules))
