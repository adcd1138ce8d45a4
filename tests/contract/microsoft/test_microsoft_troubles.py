"""Refusals and limits: tokens, scopes, throttling, batches."""

import asyncio
from typing import Any
from urllib.parse import quote

import pytest
from tests.contract.microsoft.clients import Person, refused

from tandem_sandbox.faults import FaultKind, FaultOrder
from tandem_sandbox.grants import Consent


def _arm(world, **order: Any) -> None:
    world.faults.arm(FaultOrder(provider="microsoft", **order))


async def test_a_token_that_nobody_has_is_refused(anna: Person):
    anna.auth.token = "made-up"
    with refused(401, "InvalidAuthenticationToken"):
        await anna.me.get()


async def test_a_grant_without_the_calendar_reads_no_calendar(anna: Person, world):
    consent = Consent(
        email=anna.email,
        scope="openid User.Read",
        redirect_uri="http://127.0.0.1/back",
        offline=False,
        prompted=True,
    )
    now = world.clock.now()
    code = world.microsoft.grants.authorize(consent, now)
    issued = world.microsoft.grants.exchange(
        code, redirect_uri=consent.redirect_uri, verifier=None, now=now
    )
    anna.auth.token = issued.access_token
    with refused(403, "ErrorAccessDenied"):
        await anna.me.events.get()


async def test_throttling_tells_how_long_to_wait(anna: Person, world):
    _arm(world, operation="events.list", kind=FaultKind.STATUS, status=429, retry_after=17)
    with refused(429, "ApplicationThrottled") as errors:
        await anna.me.events.get()
    assert errors[0].response_headers["retry-after"] == "17"
    assert (await anna.me.events.get()).value == []


async def test_a_mailbox_is_asked_four_things_at_a_time(anna: Person, world):
    _arm(world, operation="events.list", kind=FaultKind.LATENCY, ms=400, times=4)
    answers = await asyncio.gather(*(anna.raw("GET", "/me/events") for _ in range(6)))
    assert sorted(one.status_code for one in answers) == [200] * 4 + [429] * 2
    late = next(one for one in answers if one.status_code == 429)
    assert late.headers["retry-after"] == "1"


async def test_a_lost_answer_was_carried_out(anna: Person, world):
    _arm(world, operation="events.create", kind=FaultKind.TIMEOUT_AFTER_WRITE)
    with pytest.raises(Exception, match=r"(?i)disconnect|closed|read"):
        await anna.make("Once", transaction_id="t-1")
    assert [one.subject for one in (await anna.me.events.get()).value] == ["Once"]


async def test_what_graph_does_not_know_is_refused(anna: Person):
    with refused(400, "RequestBodyRead"):
        await anna.make(additional_data={"colour": "red"})
    answer = await anna.raw("GET", "/me/events", params={"$filter": "colour eq 'red'"})
    assert answer.json()["error"]["innerError"].keys() == {
        "date",
        "request-id",
        "client-request-id",
    }


async def test_a_calendar_that_is_only_read_takes_no_event(anna: Person):
    answer = await anna.raw("GET", "/me/calendars")
    [holidays] = [one for one in answer.json()["value"] if not one["canEdit"]]
    refusal = await anna.raw(
        "POST",
        f"/me/calendars/{holidays['id']}/events",
        json={
            "start": {"dateTime": "2027-06-01T10:00:00", "timeZone": "UTC"},
            "end": {"dateTime": "2027-06-01T11:00:00", "timeZone": "UTC"},
        },
    )
    assert refusal.status_code == 403


def _batch(*requests: dict[str, Any]) -> dict[str, Any]:
    return {"requests": [{"id": str(number), **one} for number, one in enumerate(requests)]}


CREATE = {
    "method": "POST",
    "url": "/me/events",
    "headers": {"content-type": "application/json"},
    "body": {
        "subject": "One of many",
        "start": {"dateTime": "2027-06-01T10:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2027-06-01T11:00:00", "timeZone": "UTC"},
    },
}


async def test_a_batch_answers_twenty_requests_each_by_itself(anna: Person):
    odd = {"method": "GET", "url": "/me/events/odd"}
    answer = await anna.raw("POST", "/$batch", json=_batch(*[CREATE] * 19, odd))
    answers = {one["id"]: one for one in answer.json()["responses"]}
    assert [answers[str(number)]["status"] for number in range(20)] == [201] * 19 + [400]
    assert answers["19"]["body"]["error"]["code"] == "ErrorInvalidIdMalformed"
    too_many = await anna.raw("POST", "/$batch", json=_batch(*[CREATE] * 21))
    assert too_many.status_code == 400
    assert len((await anna.raw("GET", "/me/events?$top=50")).json()["value"]) == 19


async def test_ids_within_a_batch_may_be_percent_encoded(anna: Person):
    made = await anna.make("One")
    read = {"method": "GET", "url": f"/me/events/{quote(made.id, safe='')}"}
    answer = await anna.raw("POST", "/$batch", json=_batch(read, read))
    assert [one["body"]["subject"] for one in answer.json()["responses"]] == ["One", "One"]


async def test_what_depends_on_a_failed_request_of_a_batch_is_not_tried(anna: Person):
    failing = {"method": "GET", "url": "/me/events/odd"}
    answer = await anna.raw("POST", "/$batch", json=_batch(failing, {**CREATE, "dependsOn": ["0"]}))
    assert [one["status"] for one in answer.json()["responses"]] == [400, 424]
    assert (await anna.me.events.get()).value == []
