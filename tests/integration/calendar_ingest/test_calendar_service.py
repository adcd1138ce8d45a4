"""The service as a whole: its endpoints, its start, its purge, and a broker that forgot."""

from datetime import UTC, datetime
from uuid import uuid4

from tests.integration.calendar_ingest.station import (
    INTERNAL_TOKEN,
    USER,
    Station,
    connection_changed,
    event,
    requested,
    until,
)

from calendar_ingest.calendars import OnPremisesMailboxError
from tandem.contracts.connections import ConnectionRemoved
from tandem.contracts.events import CalendarResynced
from tandem.contracts.topics import CALENDAR_EVENTS, SETTINGS_CONNECTIONS, SYNC_REQUESTS
from tandem.runtime.clock import SystemClock
from tandem.runtime.credential_store import Credential, CredentialKind, Credentials, GrantLostError
from tandem.runtime.failures import Retryable

AUTHORIZED = {"authorization": f"Bearer {INTERNAL_TOKEN}"}


async def _credential(station: Station):
    credentials = Credentials(station.settings(), SystemClock(), connections_max=2)
    await credentials.open()
    credential_id = uuid4()
    await credentials.store.put(
        Credential(
            credential_id=credential_id, kind=CredentialKind.GOOGLE, account="owner@example.com"
        )
    )
    await credentials.close()
    return credential_id


async def test_every_process_serves_its_health(station: Station):
    async with station.service(roles="sweeper") as client:
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200
        assert "tandem_" in (await client.get("/metrics")).text
        assert (await client.post("/webhooks/google")).status_code == 404


async def test_calendars_are_listed_for_who_knows_the_token(station: Station):
    async with station.service() as client:
        credential_id = await _credential(station)
        query = {"credential_id": str(credential_id), "provider": "google"}

        async def status(params=query, headers=AUTHORIZED):
            answer = await client.get("/internal/calendars", params=params, headers=headers)
            return answer.status_code

        answer = await client.get("/internal/calendars", params=query, headers=AUTHORIZED)
        assert answer.json() == {
            "items": [
                {
                    "id": "work@example.com",
                    "name": "work@example.com",
                    "primary": True,
                    "writable": True,
                    "time_zone": "UTC",
                }
            ]
        }
        assert await status(headers={}) == 401
        assert await status({**query, "credential_id": str(uuid4())}) == 404
        assert await status({**query, "credential_id": "7"}) == 422
        assert await status({**query, "provider": "imap"}) == 422
        station.provider.failures.append(Retryable("down"))
        assert await status() == 503
        station.provider.failures.append(GrantLostError("revoked"))
        answer = await client.get("/internal/calendars", params=query, headers=AUTHORIZED)
        assert (answer.status_code, answer.json()["reason"]) == (409, "auth_lost")
        station.provider.failures.append(OnPremisesMailboxError("it is elsewhere"))
        answer = await client.get("/internal/calendars", params=query, headers=AUTHORIZED)
        assert (answer.status_code, answer.json()["reason"]) == (422, "on_premises")
        assert answer.json()["title"] == "account: it is elsewhere"


async def test_a_broker_that_forgot_messages_has_every_calendar_read_again(station: Station):
    connection_id = uuid4()
    station.provider.put("work@example.com", event("e"))
    async with station.service():
        await station.publish(SETTINGS_CONNECTIONS, connection_changed(connection_id))
        await station.publish(SYNC_REQUESTS, requested(connection_id))
        await until(lambda: station.bodies(CALENDAR_EVENTS, CalendarResynced), what="the first")
        await until(lambda: station.query("SELECT 1 FROM calendar.broker_marks"), what="the marks")
    await station.query("UPDATE calendar.broker_marks SET end_offset = end_offset + 1000")
    async with station.service():
        await until(
            lambda: len(station.bodies(CALENDAR_EVENTS, CalendarResynced)) == 2, what="the second"
        )


async def test_a_removed_connection_without_credential_is_forgotten_with_all_it_had(
    station: Station,
):
    connection_id, kept = uuid4(), uuid4()
    async with station.service(roles="reader"):
        credential_id = await _credential(station)
        for message in (
            connection_changed(connection_id),
            connection_changed(kept, credential_id=credential_id),
            *(
                ConnectionRemoved(
                    message_id=uuid4(),
                    occurred_at=datetime.now(UTC),
                    connection_id=removed,
                    revision=2,
                    user=USER,
                )
                for removed in (connection_id, kept)
            ),
        ):
            await station.publish(SETTINGS_CONNECTIONS, message)
        await until(
            lambda: station.query(
                "SELECT 1 FROM calendar.connections WHERE removed_at IS NOT NULL"
                " HAVING count(*) = 2"
            ),
            what="the removals",
        )
    async with station.service(roles="sweeper"):
        await until(
            lambda: station.query("SELECT 1 FROM calendar.connections HAVING count(*) = 1"),
            what="the purge",
        )
        rows = await station.query("SELECT connection_id FROM calendar.reads")
    assert [row["connection_id"] for row in rows] == [kept]
