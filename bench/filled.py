"""A database as it is after years: many people, their items and links, and a long history.

User n of all has connection n. The first is an admin, and has a twentieth of the whole history;
the second is like most; the third has yet to start.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
from pydantic import TypeAdapter

from reconciler.core.model import Base, Link, LinkState, Policy
from reconciler.core.normalize import meeting_of_activity, meeting_of_event
from reconciler.core.reasons import Reason
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.connections import (
    ConnectionChanged,
    ConnectionSettings,
    ConnectionStatus,
    HealthSignal,
    Provider,
)
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Side, Timed
from tandem.contracts.message import SyncUser
from tandem.runtime.postgres import named_queries

ADMIN: Final = 1
TYPICAL: Final = 2
NOT_STARTED: Final = 3
CALENDAR: Final = "main"
_NUMBER: Final = 7_000_007
"""Stands in each template for the number that makes a row another one."""
_NO_ID: Final = UUID(int=0)
_SETTINGS: Final = ConnectionSettings(calendar_id=CALENDAR)
_REPORTS: Final = {
    f"{service}.{topic}": signal
    for service in ("crm-ingest", "calendar-ingest")
    for topic, signal in (("push", HealthSignal.PUSH_UP), ("synced", HealthSignal.SYNCED))
}
_LINK: Final = TypeAdapter(Link)
_QUERIES: Final = named_queries("bench", "filled.sql")


@dataclass(frozen=True)
class Size:
    """How much there is: `items` of each connection, `history` rows of all together.

    `colleagues` are the people of the first company.
    """

    connections: int
    items: int
    history: int
    companies: int
    colleagues: int


_FUNCTIONS: Final = """
CREATE FUNCTION public.id_of(what text, n bigint) RETURNS uuid IMMUTABLE LANGUAGE sql
    AS $$ SELECT md5(what || n)::uuid $$;
CREATE FUNCTION public.company_of(n bigint) RETURNS bigint IMMUTABLE LANGUAGE sql
    AS $$ SELECT CASE WHEN n <= {colleagues} THEN 1 ELSE 2 + n % {others} END $$;
"""


def secret_of(number: int) -> str:
    """The session cookie of a user."""
    return f"session{number}.1"


def connection_of(number: int) -> UUID:
    """The connection of a user."""
    return _id_of("connection", number)


async def fill(url: str, size: Size) -> None:
    """Fill the empty tables of settings-api and the reconciler, and let the planner know them."""
    database = await asyncpg.connect(url)
    try:
        await _fill(database, size)
        await database.execute("VACUUM ANALYZE")
    finally:
        await database.close()


async def _fill(database: asyncpg.Connection, size: Size) -> None:
    many, items, number = size.connections, size.items, str(_NUMBER)
    await database.execute(_FUNCTIONS.format(colleagues=size.colleagues, others=size.companies - 1))
    await _QUERIES.companies(database, many=size.companies)
    for table in ("people", "sessions", "tokens", "rates", "sync_users", "reads", "verdicts"):
        await getattr(_QUERIES, table)(database, many=many)
    await _QUERIES.connections(
        database, many=many, settings=_SETTINGS.model_dump_json(), reports=_reports()
    )
    bodies = [_told(user, size).model_dump_json() for user in range(1, many + 1)]
    await _QUERIES.sync_connections(database, bodies=bodies)
    activity, event = _activity(), _event()
    common = {"many": many, "items": items, "number": number}
    await _QUERIES.activities(database, activity=activity.model_dump_json(), **common)
    await _QUERIES.events(database, event=event.model_dump_json(), **common)
    await _QUERIES.links(
        database,
        active=_link(activity, event),
        held=_link(activity, event, Reason.HELD_MASS_DELETE),
        no_id=str(_NO_ID),
        **common,
    )
    await _QUERIES.history(
        database,
        many=many,
        items=items,
        rows=size.history,
        before=json.dumps({"title": "Meeting", "location": "Harbour 7"}),
        after=json.dumps({"title": "Meeting with tea", "location": "Harbour 8"}),
    )


def _reports() -> str:
    at = datetime.now(UTC).isoformat()
    return json.dumps(
        {name: {"signal": signal, "at": at, "detail": ""} for name, signal in _REPORTS.items()}
    )


def _told(user: int, size: Size) -> ConnectionChanged:
    others = size.companies - 1
    return ConnectionChanged(
        message_id=uuid4(),
        occurred_at=datetime.now(UTC),
        connection_id=connection_of(user),
        revision=1,
        user=SyncUser(company_id=1 if user <= size.colleagues else 2 + user % others, user_id=user),
        crm_credential_id=_id_of("crm", user),
        crm_api_url="https://example.com",
        calendar_credential_id=_id_of("calendar", user),
        provider=Provider.GOOGLE,
        email=f"p{user}@example.com",
        owner_email=f"p{user}@example.com",
        owner_time_zone="Europe/Stockholm",
        status=(ConnectionStatus.SETTING_UP if user == NOT_STARTED else ConnectionStatus.ACTIVE),
        settings=_SETTINGS,
    )


def _activity() -> ActivitySnapshot:
    now = datetime.now(UTC)
    soon = now + timedelta(days=2)
    return ActivitySnapshot(
        activity_id=_NUMBER,
        owner_id=_NUMBER,
        subject=f"Meeting {_NUMBER}",
        type="meeting",
        due_date=soon.date(),
        due_time=soon.time().replace(second=0, microsecond=0),
        duration_minutes=30,
        public_description="Bring the drawings and the price list",
        location="Harbour 7",
        busy=True,
        added_at=now,
        updated_at=now,
    )


def _event() -> EventSnapshot:
    start = (datetime.now(UTC) + timedelta(days=2)).replace(second=0, microsecond=0)
    return EventSnapshot(
        event_id=f"e{_NUMBER}",
        title=f"Meeting {_NUMBER}",
        schedule=Timed(start=start, end=start + timedelta(minutes=30)),
        description="Bring the drawings and the price list",
        location="Harbour 7",
        link_mark=str(_NO_ID),
    )


def _link(activity: ActivitySnapshot, event: EventSnapshot, reason: Reason | None = None) -> str:
    policy = Policy(
        settings=_SETTINGS,
        user_id=_NUMBER,
        owner_emails=frozenset(),
        zone=ZoneInfo("Europe/Stockholm"),
    )
    shown = meeting_of_activity(activity, policy)
    if shown is None:
        raise RuntimeError("an activity with a date shows a meeting")
    link = Link(
        link_id=_NO_ID,
        origin=Side.CRM,
        activity_id=_NUMBER,
        event_id=event.event_id,
        state=LinkState.RESTING if reason else LinkState.ACTIVE,
        reason=reason,
        base=Base(activity=shown, event=meeting_of_event(event, policy)),
        activity_type="meeting",
    )
    return _LINK.dump_json(link).decode()


def _id_of(what: str, number: int) -> UUID:
    return UUID(hex=md5(f"{what}{number}".encode(), usedforsecurity=False).hexdigest())
