"""The state over a restart."""

import json

from tests.contract.google.clients import at

from tandem_sandbox.settings import SandboxSettings
from tandem_sandbox.world import World


def test_a_restart_changes_nothing_that_a_client_sees(anna, boris, world, receiver, stage):
    span = at("2027-06-01T09:00:00", "2027-06-01T10:00:00", "Europe/Stockholm")
    made = anna.insert(
        "Series",
        recurrence=["RRULE:FREQ=DAILY;COUNT=4"],
        attendees=[{"email": boris.email}],
        **span,
    )
    anna.patch(f"{made['id']}_20270602T070000Z", summary="Special")
    anna.delete(f"{made['id']}_20270603T070000Z")
    body = {"id": "channel-1", "type": "web_hook", "address": receiver.url}
    channel = anna.events.watch(calendarId="primary", body=body).execute()
    before = anna.listed(singleEvents=True)[0]
    _, token = anna.listed()
    anna.insert("After the token", id="abcdef")
    kept = json.loads(json.dumps(world.dump()))
    again = World(SandboxSettings())
    again.load(kept)
    assert again.dump() == world.dump()
    server, _ = stage
    with server.showing(again):
        assert anna.listed(singleEvents=True)[0][: len(before)] == before
        assert [one["id"] for one in anna.listed(syncToken=token)[0]] == ["abcdef"]
        etag = anna.patch("abcdef", summary="x")["etag"]
        assert etag not in json.dumps(kept)
        stop = {"id": channel["id"], "resourceId": channel["resourceId"]}
        anna.service.channels().stop(body=stop).execute()


async def test_a_reset_leaves_empty_calendars_and_every_token_expired(anna, world):
    anna.insert()
    _, token = anna.listed()
    await world.reset()
    assert anna.listed()[0] == []
    response, _ = anna.http.request(anna.events.list(calendarId="primary", syncToken=token).uri)
    assert response.status == 410
