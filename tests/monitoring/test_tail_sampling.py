"""Which traces a collector as it is deployed keeps, and that it counts all of them."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.e2e.spans import SpanReceiver
from tests.e2e.waiting import eventually
from tests.monitoring.collector import DECISION_S, Collector
from tests.monitoring.made_traces import MadeTrace, export, made

FIRST, LAST, LATE = "webhook", "google.events.insert", "after the decision"
ONE_IN_TWENTY = 0.05
# Ids are the same in every run, so this is no game of chance: four standard deviations.
GIVE_OR_TAKE = 0.02
QUIET_S = 2 * DECISION_S


@dataclass(frozen=True)
class Sent:
    """What was sent, and what of it the collector passed on."""

    collector: Collector
    store: SpanReceiver
    ordinary: list[MadeTrace]
    failed: list[MadeTrace]
    slow: list[MadeTrace]

    @property
    def all(self) -> list[MadeTrace]:
        """Every trace."""
        return self.ordinary + self.failed + self.slow

    def kept(self, traces: list[MadeTrace]) -> set[str]:
        """The ids of those of `traces` that were passed on."""
        return self.store.trace_ids() & {one.trace_id.hex() for one in traces}

    def lost(self, traces: list[MadeTrace]) -> set[str]:
        """The ids of the others."""
        return {one.trace_id.hex() for one in traces} - self.kept(traces)


@pytest.fixture(scope="module")
def sent(scratch: Path, collector_program: Path) -> Iterator[Sent]:
    """All first spans, then all last ones, and after the decisions one late span of each trace."""
    with (
        SpanReceiver() as store,
        Collector(
            collector_program, folder=scratch / "sampling", trace_store_url=store.url
        ) as collector,
    ):
        sent = Sent(
            collector,
            store,
            ordinary=made(1000, seconds=0.5) + made(1000, seconds=9.9),
            failed=made(200, seconds=0.5, failed=True),
            slow=made(200, seconds=10.1),
        )
        export(collector.url, "crm-ingest", [one.span(FIRST) for one in sent.all])
        last = [one.span(LAST, ended=one.seconds, failed=one.failed) for one in sent.all]
        export(collector.url, "calendar-ingest", last)
        _quiet(store)
        late = [one.span(LATE, ended=20, failed=True) for one in sent.all]
        export(collector.url, "calendar-ingest", late)
        _quiet(store)
        yield sent


def _quiet(store: SpanReceiver) -> None:
    """Return once nothing more has come for long enough."""
    came, since = -1, time.monotonic()

    def quiet() -> bool:
        nonlocal came, since
        if (now := len(store.all())) != came:
            came, since = now, time.monotonic()
        return time.monotonic() - since > QUIET_S

    eventually(quiet, seconds=60, what="all decisions")


def test_one_in_twenty_ordinary_traces_is_kept(sent: Sent):
    share = len(sent.kept(sent.ordinary)) / len(sent.ordinary)
    assert abs(share - ONE_IN_TWENTY) < GIVE_OR_TAKE


def test_every_trace_with_an_error_is_kept(sent: Sent):
    assert sent.lost(sent.failed) == set()


def test_every_trace_of_more_than_ten_seconds_is_kept(sent: Sent):
    assert sent.lost(sent.slow) == set()


def test_a_kept_trace_is_kept_whole_and_what_comes_late_follows_the_decision(sent: Sent):
    for trace_id in sent.store.trace_ids():
        spans = sorted(span.name for span in sent.store.trace(trace_id))
        assert spans == sorted([FIRST, LAST, LATE]), trace_id


@pytest.mark.parametrize(
    ("service", "name"),
    [("crm-ingest", FIRST), ("calendar-ingest", LAST), ("calendar-ingest", LATE)],
)
def test_every_trace_is_counted_and_all_processes_of_a_service_together(
    sent: Sent, service: str, name: str
):
    counted = {
        labels["status_code"]: value
        for labels, value in _series(sent, "traces_spanmetrics_calls_total")
        if labels["service_name"] == service and labels["span_name"] == name
    }
    wrong = {FIRST: 0, LAST: len(sent.failed), LATE: len(sent.all)}[name]
    told = {"STATUS_CODE_UNSET": len(sent.all) - wrong, "STATUS_CODE_ERROR": wrong}
    assert counted == {status: number for status, number in told.items() if number}


def test_no_series_is_told_twice(sent: Sent):
    named = [
        (labels["service_name"], labels["span_name"], labels["status_code"])
        for labels, _ in _series(sent, "traces_spanmetrics_calls_total")
    ]
    assert len(named) == len(set(named))


def _series(sent: Sent, name: str) -> list[tuple[dict[str, str], float]]:
    return [(dict(labels), value) for labels, value in sent.collector.samples(name)]
