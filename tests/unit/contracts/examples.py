"""One example of every message kind, as the golden files show it."""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from tandem.contracts.activities import (
    ActivitiesResynced,
    ActivityGone,
    ActivityHinted,
    ActivityObserved,
    ActivitySnapshot,
    DealContact,
    Guest,
)
from tandem.contracts.commands import (
    ActivityDraft,
    CreateActivity,
    CreateEvent,
    DeleteActivity,
    DeleteEvent,
    UpdateActivity,
    UpdateEvent,
)
from tandem.contracts.connections import (
    ConflictWinner,
    ConnectionChanged,
    ConnectionHealthReported,
    ConnectionRemoved,
    ConnectionSettings,
    ConnectionStatus,
    Direction,
    HealthSignal,
    PrivateEvents,
    Provider,
)
from tandem.contracts.events import (
    Attendee,
    CalendarHinted,
    CalendarResynced,
    EventGone,
    EventKind,
    EventObserved,
    EventSnapshot,
    HintCause,
    Response,
    Series,
    TextFormat,
)
from tandem.contracts.meetings import AllDay, Meeting, MeetingField, Side, Timed
from tandem.contracts.message import Message, SyncUser
from tandem.contracts.outcomes import ActivityWritten, EventWritten, Rejection, WriteRejected
from tandem.contracts.requests import BackfillRequested, ResyncRequested, Scope

MESSAGE_ID = UUID("0198b7a0-0000-7000-8000-000000000001")
CONNECTION_ID = UUID("0198b7a0-0000-7000-8000-0000000000c1")
LINK_ID = UUID("0198b7a0-0000-7000-8000-0000000000f1")
CREDENTIALS = (
    UUID("0198b7a0-0000-7000-8000-0000000000d1"),
    UUID("0198b7a0-0000-7000-8000-0000000000d2"),
)
MOMENT = datetime(2026, 3, 2, 8, 0, 0, 250_000, tzinfo=UTC)
UPDATED = datetime(2026, 3, 2, 7, 59, 58, tzinfo=UTC)
USER = SyncUser(company_id=7, user_id=70)
TIMED = Timed(
    start=datetime(2026, 3, 4, 9, 0, tzinfo=UTC), end=datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
)

ENVELOPE: dict[str, Any] = {"message_id": MESSAGE_ID, "occurred_at": MOMENT}
ABOUT_USER = ENVELOPE | {"user": USER}
OBSERVED = ABOUT_USER | {"observed_at": MOMENT}
COMMAND = ABOUT_USER | {"connection_id": CONNECTION_ID, "link_id": LINK_ID, "revision": 3}
CALENDAR_COMMAND = COMMAND | {"calendar_id": "me@example.com"}
OUTCOME = OBSERVED | {"connection_id": CONNECTION_ID, "link_id": LINK_ID, "revision": 3}

ACTIVITY = ActivitySnapshot(
    activity_id=42,
    owner_id=70,
    subject="Talk with Zoë 🎉",
    type="meeting",
    due_date=date(2026, 3, 4),
    due_time=time(9, 0),
    duration_minutes=60,
    busy=True,
    location="Room 4",
    public_description="Agenda\n- price",
    guests=(Guest(email="guest@elsewhere.example", name="Gue St", person_id=5),),
    added_at=UPDATED,
    updated_at=UPDATED,
    deal_contact=DealContact(
        activity_url="https://x.example/activities/42",
        deal_title="Big deal",
        person_name="Bob",
        person_phones=("+49 1",),
        person_emails=("bob@elsewhere.example",),
    ),
)
EVENT = EventSnapshot(
    event_id="e42",
    version='"3181161784712000"',
    updated_at=MOMENT,
    title="Talk with Zoë 🎉",
    schedule=TIMED,
    time_zone="Europe/Berlin",
    description="<p>Agenda</p>",
    description_format=TextFormat.HTML,
    location="Room 4",
    conference_url="https://meet.example/x",
    busy=True,
    private=False,
    kind=EventKind.ORDINARY,
    response=Response.ACCEPTED,
    is_organizer=True,
    attendees=(
        Attendee(email="me@example.com", is_self=True),
        Attendee(email="guest@elsewhere.example", name="Gue St"),
        Attendee(email="room@resource.example", is_room=True),
    ),
    link_mark=str(LINK_ID),
    series=Series(series_id="s1", original_start=TIMED.start),
    url="https://calendar.example/e42",
)
MEETING = Meeting(
    title="Talk",
    schedule=TIMED,
    description="Agenda",
    location="Room 4",
    busy=True,
    guests=frozenset({"a@elsewhere.example", "b@elsewhere.example"}),
)
DAYS = MEETING.model_copy(update={"schedule": AllDay(first=date(2026, 3, 4), days=3)})
DRAFT = ActivityDraft(
    subject="Talk",
    due_date=date(2026, 3, 4),
    due_time=time(9, 0),
    duration_minutes=60,
    public_description="Agenda",
    location="Room 4",
    busy=True,
    guests=frozenset({"a@elsewhere.example", "b@elsewhere.example"}),
)
SETTINGS = ConnectionSettings(
    calendar_id="me@example.com",
    direction=Direction.TWO_WAY,
    synced_types=frozenset({"call", "meeting"}),
    save_events_as="meeting",
    include_deal_contact_info=True,
    private_events=PrivateEvents.REDACT,
    default_duration_minutes=30,
    invite_guests=False,
    conflict_winner=ConflictWinner.LATEST,
    horizon_days=90,
)

EXAMPLES: dict[str, Message] = {
    "activity_hinted": ActivityHinted(**ENVELOPE, company_id=7, activity_id=42, user_id=70),
    "activity_observed": ActivityObserved(**OBSERVED, activity=ACTIVITY),
    "activity_gone": ActivityGone(**OBSERVED, activity_id=42),
    "activities_resynced": ActivitiesResynced(**OBSERVED),
    "create_activity": CreateActivity(**COMMAND, generation=0, type="meeting", draft=DRAFT),
    "update_activity": UpdateActivity(
        **COMMAND,
        activity_id=42,
        seen_at=UPDATED,
        seen_fingerprint="5e1f",
        fields=frozenset({MeetingField.TITLE, MeetingField.SCHEDULE}),
        draft=DRAFT,
    ),
    "delete_activity": DeleteActivity(
        **COMMAND, activity_id=42, seen_at=UPDATED, seen_fingerprint="5e1f"
    ),
    "create_event": CreateEvent(
        **CALENDAR_COMMAND,
        generation=1,
        meeting=DAYS,
        time_zone="Europe/Berlin",
        backfill=True,
    ),
    "update_event": UpdateEvent(
        **CALENDAR_COMMAND,
        event_id="e42",
        version='"3181161784712000"',
        fields=frozenset({MeetingField.GUESTS, MeetingField.DESCRIPTION}),
        meeting=MEETING,
        time_zone="Europe/Berlin",
        invite_guests=True,
    ),
    "delete_event": DeleteEvent(**CALENDAR_COMMAND, event_id="e42", version=""),
    "calendar_hinted": CalendarHinted(
        **ENVELOPE, connection_id=CONNECTION_ID, cause=HintCause.PUSH
    ),
    "event_observed": EventObserved(
        **OBSERVED,
        connection_id=CONNECTION_ID,
        calendar_id="me@example.com",
        event=EVENT,
        formerly="e41",
    ),
    "event_gone": EventGone(
        **OBSERVED,
        connection_id=CONNECTION_ID,
        calendar_id="me@example.com",
        event_id="e42",
        updated_at=UPDATED,
    ),
    "calendar_resynced": CalendarResynced(
        **OBSERVED, connection_id=CONNECTION_ID, calendar_id="me@example.com"
    ),
    "connection_changed": ConnectionChanged(
        **ABOUT_USER,
        connection_id=CONNECTION_ID,
        revision=4,
        crm_credential_id=CREDENTIALS[0],
        crm_api_url="https://x.pipedrive.example",
        calendar_credential_id=CREDENTIALS[1],
        provider=Provider.GOOGLE,
        email="me@example.com",
        owner_email="me@example.com",
        owner_time_zone="Europe/Berlin",
        status=ConnectionStatus.ACTIVE,
        settings=SETTINGS,
    ),
    "connection_removed": ConnectionRemoved(
        **ABOUT_USER, connection_id=CONNECTION_ID, revision=5, remove_events=True
    ),
    "connection_health_reported": ConnectionHealthReported(
        **ENVELOPE,
        connection_id=CONNECTION_ID,
        service="calendar-ingest",
        signal=HealthSignal.PUSH_DOWN,
        observed_at=MOMENT,
        detail="pushNotSupportedForRequestedResource",
    ),
    "backfill_requested": BackfillRequested(
        **ABOUT_USER, connection_id=CONNECTION_ID, scope=Scope.BOTH
    ),
    "resync_requested": ResyncRequested(
        **ABOUT_USER, connection_id=CONNECTION_ID, scope=Scope.CALENDAR
    ),
    "activity_written": ActivityWritten(**OUTCOME, activity_id=42, activity=ACTIVITY),
    "event_written": EventWritten(**OUTCOME, event_id="e42", event=EVENT, found=True),
    "write_rejected": WriteRejected(
        **OUTCOME,
        side=Side.CALENDAR,
        rejection=Rejection.STALE,
        detail="412 conditionNotMet",
        event=EVENT,
    ),
}
