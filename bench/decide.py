"""What one decision costs, beside decoding the message that brings it."""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from reconciler.core.model import Base, Link, Observed, Policy
from reconciler.core.normalize import meeting_of_activity, meeting_of_event
from reconciler.core.plan import plan
from tandem.contracts.activities import ACTIVITY_MESSAGES, ActivityObserved, ActivitySnapshot, Guest
from tandem.contracts.connections import ConnectionSettings
from tandem.contracts.events import Attendee, EventSnapshot
from tandem.contracts.meetings import Side, Timed
from tandem.contracts.message import SyncUser

_CALLS: Final = 20_000
_NOW: Final = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_START: Final = _NOW + timedelta(days=2)
_ID: Final = UUID(int=7)


def measure_decide() -> list[str]:
    """Median times of one decision of each kind, and of decoding one observation."""
    policy = Policy(
        settings=ConnectionSettings(calendar_id="main"),
        user_id=70,
        owner_emails=frozenset({"me@example.com"}),
        zone=ZoneInfo("Europe/Berlin"),
    )
    activity, event = _activity(), _event()
    shown = meeting_of_activity(activity, policy)
    if shown is None:
        raise RuntimeError("an activity with a date shows a meeting")
    link = Link(
        link_id=_ID,
        origin=Side.CRM,
        activity_id=1,
        event_id="e1",
        base=Base(activity=shown, event=meeting_of_event(event, policy)),
        activity_type="meeting",
    )
    moved = activity.model_copy(update={"subject": "Moved", "location": "Room 5"})
    same = Observed(link=link, activity=activity, event=event)
    changed = Observed(link=link, activity=moved, event=event)
    message = _message(activity)
    decode_us = _median_us(lambda: ACTIVITY_MESSAGES.validate_json(message))
    lines = [f"decode one observation   {decode_us:6.1f} µs"]
    for name, observed in (("nothing changed", same), ("two fields changed", changed)):
        plan_us = _median_us(partial(plan, observed, policy=policy, now=_NOW))
        lines.append(f"plan, {name:18} {plan_us:6.1f} µs = {plan_us / decode_us:.2f} of decoding")
    return lines


def _median_us(call: Callable[[], object]) -> float:
    times: list[int] = []
    for _ in range(_CALLS):
        begun = time.perf_counter_ns()
        call()
        times.append(time.perf_counter_ns() - begun)
    return statistics.median(times) / 1000


def _activity() -> ActivitySnapshot:
    return ActivitySnapshot(
        activity_id=1,
        owner_id=70,
        subject="Talk",
        type="meeting",
        due_date=_START.date(),
        due_time=_START.time(),
        duration_minutes=60,
        busy=True,
        location="Room 4",
        public_description="Agenda\n\n1. Welcome\n2. Prices",
        guests=(Guest(email="guest@elsewhere.example"),),
        added_at=_NOW,
        updated_at=_NOW,
    )


def _event() -> EventSnapshot:
    return EventSnapshot(
        event_id="e1",
        version="1",
        updated_at=_NOW,
        title="Talk",
        schedule=Timed(start=_START, end=_START + timedelta(hours=1)),
        description="Agenda\n\n1. Welcome\n2. Prices",
        location="Room 4",
        attendees=(Attendee(email="guest@elsewhere.example"),),
        link_mark=str(_ID),
    )


def _message(activity: ActivitySnapshot) -> bytes:
    observed = ActivityObserved(
        message_id=_ID,
        occurred_at=_NOW,
        user=SyncUser(company_id=7, user_id=70),
        activity=activity,
        observed_at=_NOW,
    )
    return observed.model_dump_json().encode()
