"""Every query of `deploy/`, in a form that must give a series while all is well."""

import re
from typing import Any, Final, NamedTuple

import yaml
from tests.monitoring.prometheus import DEPLOY
from tools.generate_monitoring import DASHBOARDS

ELSEWHERE: Final = {
    "traces_service_graph_request_total": "the collector here is built without its service graph",
}
"""Metrics of what does not run here, and why they are not told."""

_COMPARISON: Final = re.compile(r"\s(==|!=|>=|<=|>|<)\s")
_YESTERDAY: Final = re.compile(r"\soffset 1d")


class Query(NamedTuple):
    """A query and the place where it stands."""

    place: str
    text: str

    @property
    def of_others(self) -> bool:
        """Whether it asks for nothing but metrics of what does not run here."""
        return any(name in self.text for name in ELSEWHERE)

    @property
    def while_all_is_well(self) -> str:
        """The query with comparisons that tell 0 or 1 instead of dropping what does not hold.

        What it asks of yesterday is asked of today: this Prometheus is a minute old.
        """
        return _YESTERDAY.sub("", _COMPARISON.sub(r" \1 bool ", self.text))


def every_query() -> list[Query]:
    """Those of all dashboards, recording rules and alerts."""
    panels = [
        Query(f"{uid}: {title}", text)
        for uid, (_, panels) in DASHBOARDS.items()
        for title, _, text, _ in panels
    ]
    rules: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text("utf-8"))
    return panels + [
        Query(rule.get("alert") or rule["record"], rule["expr"])
        for group in rules["groups"]
        for rule in group["rules"]
    ]
