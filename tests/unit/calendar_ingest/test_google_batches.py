"""Many requests as one: written as Google's own library would, and taken apart by their numbers."""

import asyncio
from dataclasses import replace
from email.message import Message
from email.parser import BytesParser
from typing import Any

import httplib2  # type: ignore[import-untyped]
import httpx
import pytest
from googleapiclient.http import BatchHttpRequest
from tests.unit.calendar_ingest.google_script import (
    ACCOUNT,
    Script,
    StillClock,
    Tokens,
    client,
    error,
    item,
)

from calendar_ingest.adapters.google.client import GoogleClient, GoogleError
from tandem.runtime.failures import Retryable

BACKGROUND = replace(ACCOUNT, background=True)
Parts = list[tuple[int, httpx.Response]]


@pytest.fixture
def google(script: Script, clock: StillClock, tokens: Tokens) -> GoogleClient:
    return client(script, clock, tokens)


def _requests(google: GoogleClient, count: int) -> list[Any]:
    return [
        google.events.patch(
            calendarId="work@example.com", eventId=f"e{number}", body={"summary": "Å"}
        )
        for number in range(count)
    ]


async def _sent(google: GoogleClient, count: int, version: str = "") -> list[Any]:
    calls = [
        google.call(BACKGROUND, "events.patch", request, version=version)
        for request in _requests(google, count)
    ]
    return await asyncio.gather(*calls, return_exceptions=True)


def _together(parts: Parts) -> httpx.Response:
    """A batch's answer, in whichever order its parts are given."""
    content = b""
    for number, answer in parts:
        content += b"--there\r\nContent-Type: application/http\r\n"
        content += b"Content-ID: <response-item-%d>\r\n\r\n" % number
        content += b"HTTP/1.1 %d Told\r\n" % answer.status_code
        content += b"".join(b"%s: %s\r\n" % one for one in answer.headers.raw)
        content += b"\r\n" + answer.content + b"\r\n"
    headers = {"content-type": 'multipart/mixed; boundary="there"'}
    return httpx.Response(200, content=content + b"--there--\r\n", headers=headers)


def _messages(content_type: str, body: bytes) -> list[tuple[str, dict[str, str], bytes]]:
    """The requests within a batch, each as its first line, what matters in its head, its body."""
    whole = BytesParser().parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    parts = whole.get_payload()
    assert isinstance(parts, list)
    found = []
    for part in parts:
        assert isinstance(part, Message)
        assert part.get_content_type() == "application/http"
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        first, _, rest = payload.replace(b"\r\n", b"\n").partition(b"\n")
        inner = BytesParser().parsebytes(rest)
        head = {name.lower(): value for name, value in inner.items()}
        content = inner.get_payload(decode=True)
        assert isinstance(content, bytes)
        kept = {name: head[name] for name in ("content-type", "accept", "content-length")}
        found.append((first.decode(), kept, content))
    return found


async def test_a_batch_holds_what_the_librarys_own_would(google: GoogleClient, script: Script):
    script.answers = [_together([(number, httpx.Response(200, json=item())) for number in (0, 1)])]
    await _sent(google, 2)
    [ours] = script.requests
    assert (ours.method, str(ours.url)) == ("POST", "https://google.test/batch/calendar/v3")
    assert ours.headers["authorization"] == "Bearer token-1"
    theirs: dict[str, Any] = {}

    class Stop(Exception):  # noqa: N818 - nothing went wrong
        pass

    class Listener(httplib2.Http):  # type: ignore[misc]
        def request(self, _uri: str, **what: Any) -> Any:
            theirs.update(what)
            raise Stop

    batch = BatchHttpRequest(batch_uri="https://google.test/batch/calendar/v3")
    for request in _requests(google, 2):
        batch.add(request)
    with pytest.raises(Stop):
        batch.execute(http=Listener())
    assert _messages(ours.headers["content-type"], ours.content) == _messages(
        theirs["headers"]["content-type"], theirs["body"].encode()
    )


async def test_answers_find_their_requests_by_number(google: GoogleClient, script: Script):
    answers = [
        (2, httpx.Response(200, json=item(id="e2", summary="Zwei 🎉\r\n--there"))),
        (0, httpx.Response(204)),
        (1, error(403, "forbiddenForNonOrganizer")),
    ]
    script.answers = [_together(answers)]
    first, second, third = await _sent(google, 3)
    assert first == {}
    assert isinstance(second, GoogleError)
    assert second.reason == "forbiddenForNonOrganizer"
    assert third == item(id="e2", summary="Zwei 🎉\r\n--there")


async def test_what_was_not_answered_is_tried_again(google: GoogleClient, script: Script):
    script.answers = [_together([(1, httpx.Response(200, json=item()))])]
    first, second = await _sent(google, 2)
    assert isinstance(first, Retryable)
    assert second == item()


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="no parts"),
        httpx.Response(200, text="--a--", headers={"content-type": "multipart/mixed; boundary=a"}),
        httpx.Response(
            200,
            text="--a\r\nContent-ID: <response-item-0>\r\n\r\nnothing\r\n--a--",
            headers={"content-type": "multipart/mixed; boundary=a"},
        ),
        httpx.Response(503),
        httpx.ReadTimeout("late"),
    ],
)
async def test_an_answer_that_is_none_delays_all(google: GoogleClient, script: Script, answer):
    script.answers = [answer]
    assert [type(one) for one in await _sent(google, 2)] == [Retryable] * 2


async def test_only_what_refused_the_token_is_sent_again_with_a_fresh_one(
    google: GoogleClient, script: Script, tokens: Tokens
):
    fine = httpx.Response(200, json=item())
    script.answers = [
        _together([(0, fine), (1, error(401, "authError")), (2, error(401, "authError"))]),
        _together([(0, fine), (1, fine)]),
    ]
    assert await _sent(google, 3) == [item()] * 3
    assert tokens.stale == ["token-1"]
    again = script.requests[1]
    assert again.headers["authorization"] == "Bearer token-2"
    lines = [first for first, _, _ in _messages(again.headers["content-type"], again.content)]
    assert [line.partition("?")[0].rpartition("/")[2] for line in lines] == ["e1", "e2"]


async def test_each_call_of_a_batch_counts_and_what_is_too_much_waits(
    script: Script, clock: StillClock, tokens: Tokens
):
    google = client(script, clock, tokens, user_per_minute=10)
    fine = httpx.Response(200, json=item())
    script.answers = [_together([(number, fine) for number in range(8)])]
    told = await _sent(google, 10)
    assert told[:8] == [item()] * 8
    assert [type(one) for one in told[8:]] == [Retryable] * 2
    assert len(script.requests) == 1


async def test_a_batch_refused_for_quota_is_one_refusal(
    google: GoogleClient, script: Script, clock: StillClock
):
    throttled = error(403, "rateLimitExceeded")
    fine = httpx.Response(200, json=item())
    script.answers = [_together([(0, throttled), (1, fine), (2, throttled), (3, fine)])]
    first, _, third, _ = await _sent(google, 4)
    assert [one.retry_after_s for one in (first, third)] == [1.0, 1.0]
    script.answers = [fine]
    before = len(clock.slept)
    assert await _sent(google, 1) == [item()]
    assert clock.slept[before] == 1.0, "the pause is kept although others were let through"


async def test_the_version_goes_with_each_request(google: GoogleClient, script: Script):
    script.answers = [_together([(0, error(412, "conditionNotMet")), (1, error(412, "x"))])]
    for refused in await _sent(google, 2, version='"1"'):
        assert isinstance(refused, GoogleError)
        assert refused.status == httpx.codes.PRECONDITION_FAILED
    assert script.requests[0].content.count(b'if-match: "1"\r\n') == 2
