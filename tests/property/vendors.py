"""Meetings as each provider keeps them, made up in its own shape, and the way through its adapter.

A way reads what a provider holds, or writes a canonical meeting and reads that again.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from exchangelib import Attendee, Body, CalendarItem, EWSDate, EWSDateTime, EWSTimeZone, HTMLBody
from exchangelib import Mailbox as Address
from hypothesis import strategies as st
from kiota_serialization_json.json_serialization_writer import JsonSerializationWriter
from tests.property.edits import days, guest_lists, lengths, starts, texts, words
from tests.unit.core.scenes import LINK_ID, ME, MY_EMAIL

from calendar_ingest.adapters.exchange import snapshots as exchange_snapshots
from calendar_ingest.adapters.exchange import values as exchange_values
from calendar_ingest.adapters.google import bodies as google_bodies
from calendar_ingest.adapters.google import snapshots as google_snapshots
from calendar_ingest.adapters.google.descriptions import as_description
from calendar_ingest.adapters.microsoft import bodies as microsoft_bodies
from calendar_ingest.adapters.microsoft import snapshots as microsoft_snapshots
from calendar_ingest.adapters.microsoft.zones import zone_of
from calendar_ingest.calendars import NewEvent
from crm_ingest.adapters.pipedrive.bodies import new_activity
from crm_ingest.adapters.pipedrive.readings import reading_of
from crm_ingest.crm import Account
from reconciler.core.draft import draft_of
from reconciler.core.model import Policy
from reconciler.core.normalize import as_activity_shows, meeting_of_activity, meeting_of_event
from tandem.contracts.meetings import Meeting, MeetingField
from tandem.contracts.message import SyncUser

Json = dict[str, Any]
ZONES: Final = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")
WINDOWS: Final = ("UTC", "W. Europe Standard Time", "Eastern Standard Time")
_STAMP: Final = "2026-03-01T08:00:00Z"
zones = st.sampled_from(ZONES)
descriptions = st.one_of(texts, texts.map(lambda text: as_description(text).replace("\n", "<br>")))


@dataclass(frozen=True)
class Way:
    """`read` makes what a provider holds canonical; `again` writes that, and makes it canonical.

    `shown` is as much of a meeting as the provider can hold.
    """

    held: st.SearchStrategy[Any]
    read: Callable[[Any, Policy], Meeting | None]
    again: Callable[[Meeting, Policy, str], Meeting | None]
    shown: Callable[[Meeting], Meeting] = lambda meeting: meeting


def _new(meeting: Meeting, zone: str) -> NewEvent:
    return NewEvent(LINK_ID, generation=0, meeting=meeting, time_zone=zone, notify=True)


# Google


def _google_when(start: datetime, length: timedelta, zone: str) -> Json:
    def point(moment: datetime) -> Json:
        local = moment.astimezone(ZoneInfo(zone))
        return {"dateTime": local.isoformat(), "timeZone": zone}

    return {"start": point(start), "end": point(start + length)}


def _google_days(first: date, number: int) -> Json:
    last = first + timedelta(days=number)
    return {"start": {"date": first.isoformat()}, "end": {"date": last.isoformat()}}


_google_events = st.builds(
    lambda when, guests, rest: {
        "id": "e",
        "updated": _STAMP,
        "attendees": [{"email": f" {one}"} for one in guests],
        **when,
        **rest,
    },
    st.one_of(
        st.builds(_google_when, starts, lengths, zones),
        st.builds(_google_days, days, st.integers(1, 4)),
    ),
    guest_lists,
    st.fixed_dictionaries(
        {},
        optional={
            "summary": words,
            "description": descriptions,
            "location": words,
            "hangoutLink": st.just("https://meet.example/x"),
            "transparency": st.sampled_from(["opaque", "transparent"]),
            "visibility": st.sampled_from(["default", "private"]),
        },
    ),
)


def _google_read(item: Json, policy: Policy) -> Meeting | None:
    event = google_snapshots.snapshot(item)
    return meeting_of_event(event, policy) if event else None


def _google_again(meeting: Meeting, policy: Policy, zone: str) -> Meeting | None:
    return _google_read(google_bodies.new_body(_new(meeting, zone)), policy)


# Graph


def _graph_when(start: datetime, length: timedelta, zone: str) -> Json:
    def point(moment: datetime) -> Json:
        local = moment.astimezone(zone_of(zone)).replace(tzinfo=None)
        return {"dateTime": f"{local.isoformat(timespec='seconds')}.0000000", "timeZone": zone}

    return {"start": point(start), "end": point(start + length), "isAllDay": False}


def _graph_days(first: date, number: int, zone: str) -> Json:
    def point(day: date) -> Json:
        return {"dateTime": f"{day.isoformat()}T00:00:00.0000000", "timeZone": zone}

    return {
        "start": point(first),
        "end": point(first + timedelta(days=number)),
        "isAllDay": True,
        "originalStartTimeZone": zone,
    }


def _graph_body(text: str, kind: str) -> Json:
    return {"contentType": kind, "content": text.replace("\n", "\r\n") + "\r\n"}


_graph_events = st.builds(
    lambda when, guests, rest: {
        "id": "e",
        "lastModifiedDateTime": _STAMP,
        "attendees": [
            {"type": "required", "emailAddress": {"address": f" {one}"}} for one in guests
        ],
        **when,
        **rest,
    },
    st.one_of(
        st.builds(_graph_when, starts, lengths, st.sampled_from(WINDOWS)),
        st.builds(_graph_days, days, st.integers(1, 4), st.sampled_from(WINDOWS)),
    ),
    guest_lists,
    st.fixed_dictionaries(
        {},
        optional={
            "subject": words,
            "body": st.one_of(
                st.builds(_graph_body, texts, st.just("text")),
                st.builds(_graph_body, descriptions, st.just("html")),
            ),
            "location": words.map(lambda name: {"displayName": name}),
            "onlineMeeting": st.just({"joinUrl": "https://meet.example/x"}),
            "showAs": st.sampled_from(["busy", "free", "oof", "tentative"]),
            "sensitivity": st.sampled_from(["normal", "private"]),
        },
    ),
)


def _graph_read(item: Json, policy: Policy) -> Meeting:
    return meeting_of_event(microsoft_snapshots.snapshot(item), policy)


def _graph_again(meeting: Meeting, policy: Policy, zone: str) -> Meeting:
    writer = JsonSerializationWriter()
    microsoft_bodies.new_event(_new(meeting, zone)).serialize(writer)
    return _graph_read(json.loads(writer.get_serialized_content()) | {"id": "made"}, policy)


# Exchange


def _exchange_when(start: datetime, length: timedelta, zone: str) -> Json:
    def moment(one: datetime) -> EWSDateTime:
        return EWSDateTime.from_datetime(one).astimezone(EWSTimeZone(zone))

    return {"start": moment(start), "end": moment(start + length), "is_all_day": False}


def _exchange_days(first: date, number: int) -> Json:
    last = first + timedelta(days=number - 1)
    return {
        "start": EWSDate.from_date(first),
        "end": EWSDate.from_date(last),
        "is_all_day": True,
    }


_exchange_items = st.builds(
    lambda when, guests, rest: {
        "required_attendees": [
            Attendee(mailbox=Address(email_address=one), response_type="Unknown") for one in guests
        ],
        **when,
        **rest,
    },
    st.one_of(
        st.builds(_exchange_when, starts, lengths, zones),
        st.builds(_exchange_days, days, st.integers(1, 4)),
    ),
    guest_lists,
    st.fixed_dictionaries(
        {},
        optional={
            "subject": words,
            "body": st.one_of(texts.map(Body), descriptions.map(HTMLBody)),
            "location": words,
            "legacy_free_busy_status": st.sampled_from(["Busy", "Free", "OOF", "Tentative"]),
            "sensitivity": st.sampled_from(["Normal", "Private"]),
        },
    ),
)


def _exchange_read(fields: Json, policy: Policy) -> Meeting:
    item = CalendarItem(**fields)
    item.id = "e"
    return meeting_of_event(exchange_snapshots.snapshot(item, MY_EMAIL), policy)


def _exchange_again(meeting: Meeting, policy: Policy, zone: str) -> Meeting:
    fields = exchange_values.values(meeting, frozenset(MeetingField), time_zone=zone)
    guests = exchange_values.merged((), (), meeting.guests, owner=MY_EMAIL)
    return _exchange_read(fields | guests, policy)


# Pipedrive


def _pipedrive_when(start: datetime, duration: str | None) -> Json:
    due_time = f"{start:%H:%M}" if duration is None else f"{start:%H:%M:%S}"
    return {"due_date": f"{start:%Y-%m-%d}", "due_time": due_time, "duration": duration}


_activities = st.builds(
    lambda when, guests, rest: {
        "id": 1,
        "owner_id": ME,
        "type": "meeting",
        "update_time": _STAMP,
        "attendees": [{"email_address": f"{one} "} for one in guests],
        **when,
        **rest,
    },
    st.one_of(
        st.builds(
            _pipedrive_when,
            starts,
            st.sampled_from([None, "", "00:00", "00:15", "01:30:00", "23:59"]),
        ),
        days.map(lambda day: {"due_date": day.isoformat(), "due_time": "", "duration": ""}),
    ),
    guest_lists,
    st.fixed_dictionaries(
        {},
        optional={
            "subject": words,
            "public_description": descriptions,
            "location": words.map(lambda name: {"value": name}),
            "busy": st.sampled_from([True, False, None]),
        },
    ),
)
_ACCOUNT: Final = Account(
    user=SyncUser(company_id=1, user_id=ME),
    credential_id=UUID(int=1),
    api_url="https://pipedrive.example",
    owner_email=MY_EMAIL,
)


def _pipedrive_read(answer: Json, policy: Policy) -> Meeting | None:
    return meeting_of_activity(reading_of(answer).activity, policy)


def _pipedrive_again(meeting: Meeting, policy: Policy, _zone: str) -> Meeting | None:
    body = new_activity(_ACCOUNT, "meeting", draft_of(meeting, None, policy), {})
    return _pipedrive_read({**body, "id": 2, "update_time": _STAMP}, policy)


WAYS: Final = {
    "google": Way(_google_events, _google_read, _google_again),
    "graph": Way(_graph_events, _graph_read, _graph_again),
    "exchange": Way(_exchange_items, _exchange_read, _exchange_again),
    "pipedrive": Way(_activities, _pipedrive_read, _pipedrive_again, as_activity_shows),
}
