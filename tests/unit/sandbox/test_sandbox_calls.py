"""The log of calls is bounded, its counters are not."""

from datetime import UTC, datetime

from tandem_sandbox.calls import CallLog, MailLog
from tandem_sandbox.clock import SandboxClock

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def _record(log, operation="activities.get", method="GET", account="a@example.com", status=200):
    log.record("pipedrive", operation, method, "/pipedrive/api", account, status, NOW)


def test_counters_go_on_where_the_log_is_cut():
    log = CallLog(kept_max=3)
    for number in range(10):
        _record(log, status=200 if number % 2 else 429)
    assert [call.number for call in log.matching()] == [8, 9, 10]
    assert [one["calls"] for one in log.counters()] == [10]
    assert {one["status"]: one["calls"] for one in log.statuses()} == {200: 5, 429: 5}


def test_calls_are_found_by_operation_and_number():
    log = CallLog()
    for operation in ("activities.get", "activities.list", "activities.get"):
        _record(log, operation)
    assert [call.number for call in log.matching(operation="activities.get")] == [1, 3]
    assert [call.number for call in log.matching(after=2)] == [3]
    assert list(log.matching(provider="google")) == []


def test_only_calls_that_may_change_something_count_as_writes():
    log = CallLog()
    _record(log)
    assert log.writes == 0
    _record(log, "activities.create", "POST")
    _record(log, "oauth.authorize")
    assert log.writes == 2
    log.reset()
    assert log.writes == 2
    assert list(log.matching()) == []


def test_numbers_are_not_used_again_after_a_reset():
    log = CallLog()
    _record(log)
    log.reset()
    _record(log)
    assert [call.number for call in log.matching()] == [2]


def test_mails_are_counted_and_forgotten():
    log = MailLog(SandboxClock())
    log.sent("google", "invitation", "guest@example.com", "event")
    assert (log.total, [mail.as_json()["to"] for mail in log.all()]) == (1, ["guest@example.com"])
    log.reset()
    assert (log.total, log.all()) == (0, [])
