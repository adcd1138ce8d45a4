"""The client sends once, within the quota, and says in our words what an answer means."""

from dataclasses import replace

import httpx
import pytest
from tests.unit.calendar_ingest.google_script import (
    ACCOUNT,
    client,
    error,
    item,
)

from calendar_ingest.adapters.google.client import GoogleError
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import Retryable


async def _get(google, account=ACCOUNT):
    request = google.events.get(calendarId="work@example.com", eventId="abc")
    return await google.call(account, "events.get", request)


async def test_a_request_is_the_librarys_own_with_our_token(script, clock, tokens):
    script.answers = [httpx.Response(200, json=item())]
    assert await _get(client(script, clock, tokens)) == item()
    [request] = script.requests
    assert request.url.path == "/calendar/v3/calendars/work@example.com/events/abc"
    assert request.headers["authorization"] == "Bearer token-1"


async def test_a_refused_token_is_refreshed_once(script, clock, tokens):
    script.answers = [error(401, "authError"), httpx.Response(200, json=item())]
    await _get(client(script, clock, tokens))
    assert tokens.stale == ["token-1"]
    assert script.requests[1].headers["authorization"] == "Bearer token-2"


async def test_a_token_refused_twice_is_a_lost_grant(script, clock, tokens):
    script.answers = [error(401, "authError"), error(401, "authError")]
    with pytest.raises(GrantLostError):
        await _get(client(script, clock, tokens))
    assert len(script.requests) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(429, "rateLimitExceeded"), Retryable),
        (error(403, "userRateLimitExceeded"), Retryable),
        (error(403, "rateLimitExceeded"), Retryable),
        (error(403, "quotaExceeded"), Retryable),
        (error(500, "backendError"), Retryable),
        (httpx.Response(503, text="<html>"), Retryable),
        (httpx.ReadTimeout("late"), Retryable),
        (httpx.ConnectError("down"), Retryable),
        (httpx.Response(200, text="no json"), Retryable),
        (error(403, "insufficientPermissions"), GrantLostError),
        (error(403, "forbidden"), GoogleError),
        (error(400, "required"), GoogleError),
        (httpx.Response(404, text="<html>"), GoogleError),
    ],
)
async def test_what_an_answer_means(script, clock, tokens, answer, kind):
    script.answers = [answer]
    with pytest.raises(kind):
        await _get(client(script, clock, tokens))


async def test_a_reason_tells_nobodys_address(script, clock, tokens):
    script.answers = [
        error(400, "invalid", "Bad guest someone@example.com, see https://example.com/help")
    ]
    with pytest.raises(GoogleError) as refused:
        await _get(client(script, clock, tokens))
    assert str(refused.value) == "400 invalid Bad guest … see …"
    assert (refused.value.status, refused.value.reason) == (400, "invalid")


async def test_throttling_keeps_the_account_away_longer_each_time(script, clock, tokens):
    google = client(script, clock, tokens)
    waits = []
    for _ in range(3):
        script.answers = [error(429, "rateLimitExceeded")]
        with pytest.raises(Retryable) as throttled:
            await _get(google)
        waits.append(throttled.value.retry_after_s)
        await clock.sleep(throttled.value.retry_after_s)
    assert waits == [1.0, 2.0, 4.0]
    script.answers = [httpx.Response(200, json=item()), error(429, "rateLimitExceeded")]
    await _get(google)
    with pytest.raises(Retryable) as throttled:
        await _get(google)
    assert throttled.value.retry_after_s == 1.0


async def test_a_throttled_account_is_not_called_meanwhile(script, clock, tokens):
    google = client(script, clock, tokens)
    script.answers = [
        httpx.Response(429, headers={"retry-after": "30"}, json={}),
    ]
    for _ in range(2):
        with pytest.raises(Retryable):
            await _get(google)
    assert len(script.requests) == 1


async def test_background_work_leaves_quota_to_the_rest(script, clock, tokens):
    google = client(script, clock, tokens, user_per_minute=10)
    script.answers = [httpx.Response(200, json=item()) for _ in range(10)]
    background = replace(ACCOUNT, background=True)
    for _ in range(8):
        await _get(google, background)
    with pytest.raises(Retryable) as full:
        await _get(google, background)
    assert 0 < full.value.retry_after_s <= 61  # type: ignore[operator]
    await _get(google)
    await _get(google)
    with pytest.raises(Retryable):
        await _get(google)
    assert len(script.requests) == 10
