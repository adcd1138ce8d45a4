"""A channel is asked for as Google wants it, and is as long as Google says."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.unit.calendar_ingest.google_script import CALENDAR, Script, StillClock, access, error

from calendar_ingest.adapters.google.client import GoogleClient
from calendar_ingest.adapters.google.push import GooglePush
from calendar_ingest.calendars import Channel, RefusedError, UnwatchableError

CHANNEL = Channel("channel-1", "resource-1", datetime(2031, 3, 5, tzinfo=UTC))


@pytest.fixture
def push(script: Script) -> GooglePush:
    made = access(script, StillClock()).push
    assert isinstance(made, GooglePush)
    assert isinstance(made._client, GoogleClient)
    return made


async def test_a_channel_has_our_address_and_secret(push, script):
    answer = {"id": "channel-1", "resourceId": "resource-1", "expiration": "1930521600000"}
    script.answers = [httpx.Response(200, json=answer)]
    channel = await push.subscribe(CALENDAR, channel_id="channel-1", secret="s3cret")
    assert script.body() == {
        "id": "channel-1",
        "type": "web_hook",
        "address": "https://tandem.test/webhooks/google",
        "token": "s3cret",
        "params": {"ttl": "604800"},
    }
    assert channel == Channel("channel-1", "resource-1", datetime(2031, 3, 6, 0, tzinfo=UTC))


async def test_a_channel_without_an_end_has_the_one_we_asked_for(push, script):
    script.answers = [httpx.Response(200, json={"id": "channel-1", "resourceId": "r"})]
    channel = await push.subscribe(CALENDAR, channel_id="channel-1", secret="s3cret")
    assert channel.expires_at == StillClock().moment + timedelta(days=7)


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_what_is_not_pushed_can_not_be_watched(push, script, status):
    script.answers = [error(status, "pushNotSupportedForRequestedResource")]
    with pytest.raises(UnwatchableError):
        await push.subscribe(CALENDAR, channel_id="channel-1", secret="s3cret")


async def test_closing_what_is_closed_is_as_good(push, script):
    script.answers = [httpx.Response(204), error(404, "notFound")]
    await push.unsubscribe(CALENDAR.account, CHANNEL)
    assert script.body() == {"id": "channel-1", "resourceId": "resource-1"}
    await push.unsubscribe(CALENDAR.account, CHANNEL)
    script.answers = [error(403, "forbidden")]
    with pytest.raises(RefusedError):
        await push.unsubscribe(CALENDAR.account, CHANNEL)
