"""Tokens that don't hold, faults, and the log of calls."""

import http.client
import json
from urllib.parse import quote

import pytest
from tests.contract.google.clients import at, refused

from tandem_sandbox.faults import FaultKind, FaultOrder


def _arm(world, kind, operation="events.*", **more):
    world.faults.arm(FaultOrder(provider="google", operation=operation, kind=kind, **more))


def _raw(person, method="GET", path="/users/me/calendarList", headers=None):
    uri = person.service.calendarList().list().uri.partition("/users")[0]
    return person.http.request(f"{uri}{path}", method, headers=headers or {})


def test_a_wrong_token_is_refused_in_googles_words(anna):
    anna.http.token = "wrong"
    response, content = _raw(anna)
    assert response.status == 401
    assert response["www-authenticate"].startswith("Bearer ")
    assert json.loads(content) == {
        "error": {
            "errors": [
                {
                    "domain": "global",
                    "reason": "authError",
                    "message": "Invalid Credentials",
                    "locationType": "header",
                    "location": "Authorization",
                }
            ],
            "code": 401,
            "message": "Invalid Credentials",
        }
    }


def test_a_request_without_token_is_refused(anna):
    anna.http.token = ""
    with refused(401, "required"):
        anna.listed()


def test_a_revoked_mailbox_is_refused_until_it_is_restored(anna, world):
    assert world.google.revoke(anna.email) == 1
    with refused(401, "authError"):
        anna.listed()
    assert world.google.restore(anna.email)
    anna.listed()


@pytest.mark.parametrize(
    ("status", "reason", "domain"),
    [
        (403, "rateLimitExceeded", "usageLimits"),
        (403, "userRateLimitExceeded", "usageLimits"),
        (403, "quotaExceeded", "usageLimits"),
        (429, "rateLimitExceeded", "usageLimits"),
        (500, "backendError", "global"),
        (503, "backendError", "global"),
        (404, "notFound", "global"),
    ],
)
def test_a_fault_answers_with_its_reason_and_does_nothing(anna, world, status, reason, domain):
    _arm(world, FaultKind.STATUS, "events.insert", status=status, reason=reason, retry_after=7)
    with refused(status, reason) as details:
        anna.insert()
    assert details[0]["domain"] == domain
    assert anna.listed()[0] == []
    anna.insert()


def test_a_fault_without_reason_has_the_usual_one(anna, world):
    _arm(world, FaultKind.STATUS, status=429)
    with refused(429, "rateLimitExceeded"):
        anna.listed()


def test_a_fault_of_another_account_or_operation_is_not_met(anna, world):
    _arm(world, FaultKind.STATUS, account="sales2@north.example")
    _arm(world, FaultKind.STATUS, "events.delete")
    anna.insert()
    assert len(world.faults.armed()) == 2


def test_a_sync_token_is_said_to_be_gone_only_where_there_is_one(anna, world):
    _, token = anna.listed()
    _arm(world, FaultKind.GONE, "events.list")
    anna.listed()
    with refused(410, "fullSyncRequired"):
        anna.listed(syncToken=token)
    anna.listed(syncToken=token)


def test_an_answer_can_get_lost_after_the_write(anna, world):
    _arm(world, FaultKind.TIMEOUT_AFTER_WRITE, "events.insert")
    with pytest.raises((http.client.HTTPException, OSError)):
        anna.insert("Written", id="abcdef")
    assert anna.get("abcdef")["summary"] == "Written"


def test_a_gateway_answers_with_its_page(anna, world):
    _arm(world, FaultKind.HTML_403, "calendarList.list")
    response, content = _raw(anna)
    assert (response.status, response["content-type"]) == (403, "text/html; charset=utf-8")
    assert content.startswith(b"<html>")


def test_a_slow_answer_is_still_an_answer(anna, world):
    _arm(world, FaultKind.LATENCY, ms=20)
    assert anna.insert()["status"] == "confirmed"


def test_every_call_is_counted_by_operation_and_account(anna, boris, world):
    made = anna.insert()
    anna.get(made["id"])
    anna.patch(made["id"], summary="x")
    boris.listed()
    with refused(404, "notFound"):
        boris.get(made["id"])
    calls = {(one["operation"], one["account"]): one["calls"] for one in world.calls.counters()}
    assert calls == {
        ("events.insert", anna.email): 1,
        ("events.get", anna.email): 1,
        ("events.patch", anna.email): 1,
        ("events.list", boris.email): 1,
        ("events.get", boris.email): 1,
    }
    assert [call.status for call in world.calls.matching()] == [200, 200, 200, 200, 404]
    assert all("?" not in call.path for call in world.calls.matching())


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ("kind,items(id,start/dateTime)", {"kind", "items"}),
        ("items/id, nextSyncToken", {"items", "nextSyncToken"}),
        ("*", None),
    ],
)
def test_a_client_gets_the_fields_that_it_asks_for(anna, fields, left):
    made = anna.insert()
    whole = json.loads(_raw(anna, path="/calendars/primary/events")[1])
    _, content = _raw(anna, path=f"/calendars/primary/events?fields={quote(fields)}")
    answer = json.loads(content)
    assert answer.keys() == (left or whole.keys())
    assert answer["items"][0]["id"] == made["id"]
    assert ("summary" in answer["items"][0]) == (left is None)


@pytest.mark.parametrize("fields", ["", "a(", "a)", "a/", ",a", "a(b))"])
def test_fields_that_cannot_be_read_are_refused_before_anything_is_done(anna, fields):
    with refused(400, "invalidParameter"):
        anna.events.insert(
            calendarId="primary", body=at("2027-01-01", "2027-01-02"), fields=fields
        ).execute()
    assert anna.listed()[0] == []


def test_what_is_no_json_is_refused(anna):
    uri = anna.events.insert(calendarId="primary", body={}).uri
    for body in (b"{", b"[]", b"\xff"):
        response, content = anna.http.request(uri, "POST", body=body)
        assert response.status == 400
        assert b"parseError" in content
