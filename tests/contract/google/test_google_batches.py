"""Many calls in one, sent by the batch that Google's own client makes."""

from typing import Any

import pytest
from tests.contract.google.clients import at, refused

from tandem_sandbox.faults import FaultKind, FaultOrder

DAY = at("2027-01-01", "2027-01-02")


class Answers(dict[str, Any]):
    """What each call of a batch came to: an answer or an error."""

    def __call__(self, number, answer, error):
        self[number] = error or answer


def _insert(person, title):
    return person.events.insert(calendarId="primary", body={**DAY, "summary": title})


def _arm(world, operation, **fault):
    world.faults.arm(FaultOrder(provider="google", operation=operation, **fault))


def test_a_batch_answers_each_call_by_itself(anna, world):
    made = anna.insert("First")
    answers = Answers()
    batch = anna.batch(answers)
    batch.add(anna.events.get(calendarId="primary", eventId=made["id"]), request_id="read")
    batch.add(_insert(anna, "Två 🎉"), request_id="made")
    batch.add(anna.events.get(calendarId="primary", eventId="nobody"), request_id="missing")
    batch.add(anna.events.delete(calendarId="primary", eventId=made["id"]), request_id="gone")
    batch.execute()
    assert answers["read"]["summary"] == "First"
    assert answers["made"]["summary"] == "Två 🎉"
    assert answers["missing"].status_code == 404
    assert answers["gone"] == ""
    assert [one["summary"] for one in anna.listed()[0]] == ["Två 🎉"]
    operations = [call.operation for call in world.calls.matching()]
    assert operations[1:6] == [
        "events.get",
        "events.insert",
        "events.get",
        "events.delete",
        "batch",
    ]


def test_a_call_of_a_batch_keeps_its_own_condition(anna):
    made = anna.insert("First")
    answers = Answers()
    batch = anna.batch(answers)
    for number, version in (("stale", '"1"'), ("fresh", made["etag"])):
        change = anna.events.patch(calendarId="primary", eventId=made["id"], body={"summary": "X"})
        change.headers["If-Match"] = version
        batch.add(change, request_id=number)
    batch.execute()
    assert answers["stale"].status_code == 412
    assert answers["fresh"]["summary"] == "X"


def test_a_fault_troubles_one_call_of_a_batch_or_the_whole(anna, world):
    _arm(world, "events.insert", kind=FaultKind.STATUS, status=403, reason="rateLimitExceeded")
    answers = Answers()
    batch = anna.batch(answers)
    batch.add(_insert(anna, "Throttled"), request_id="first")
    batch.add(_insert(anna, "Made"), request_id="second")
    batch.execute()
    assert answers["first"].error_details[0]["reason"] == "rateLimitExceeded"
    assert [one["summary"] for one in anna.listed()[0]] == ["Made"]
    _arm(world, "batch", kind=FaultKind.STATUS, status=503)
    batch = anna.batch()
    batch.add(_insert(anna, "Never"))
    with refused(503, "backendError"):
        batch.execute()
    _arm(world, "batch", kind=FaultKind.TIMEOUT_AFTER_WRITE)
    batch = anna.batch()
    batch.add(_insert(anna, "Unanswered"))
    with pytest.raises(Exception, match=r"(?i)incomplete|closed|reset|aborted"):
        batch.execute()
    assert {one["summary"] for one in anna.listed()[0]} == {"Made", "Unanswered"}


def test_a_batch_has_fifty_calls_at_most(anna):
    for calls, fine in ((50, True), (51, False)):
        batch = anna.batch()
        for _ in range(calls):
            batch.add(anna.service.calendarList().list())
        if fine:
            batch.execute()
        else:
            with refused(400, "badRequest"):
                batch.execute()


def test_what_is_no_batch_is_refused(anna):
    response, content = anna.http.request(f"{anna.root_url}batch/calendar/v3", "POST", body=b"{}")
    assert response.status == 400
    assert b"badRequest" in content
