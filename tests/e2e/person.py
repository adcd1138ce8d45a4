"""A salesperson: acts in Pipedrive, in the calendar, and in Tandem's REST API."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from tests.e2e.waiting import eventually

from tandem_embedded.demo_user import connect_calendar, consent
from tandem_embedded.stack import Stack

Json = dict[str, Any]


def in_days(days: float, *, hour: int = 9) -> datetime:
    """A full hour of a coming day, UTC."""
    day = datetime.now(UTC) + timedelta(days=days)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


class Person:
    """One Pipedrive user with a mailbox of the same address."""

    def __init__(self, stack: Stack, *, user_id: int, email: str, crm_token: str, token: str):
        self.user_id = user_id
        self.email = email
        sandbox = stack.urls["sandbox"]
        self.crm = httpx.Client(
            base_url=f"{sandbox}/pipedrive/api/v2", headers={"x-api-token": crm_token}, timeout=30
        )
        self.calendar = httpx.Client(
            base_url=f"{sandbox}/google/calendar/v3/calendars/{email}",
            headers={"authorization": f"Bearer {token}"},
            timeout=30,
        )
        self.tandem = httpx.Client(base_url=stack.urls["settings_api"], timeout=30)
        self.connection_id = ""

    def close(self) -> None:
        """Close the connections."""
        for client in (self.crm, self.calendar, self.tandem):
            client.close()

    # Tandem

    def sign_in(self) -> None:
        """Sign in with Pipedrive."""
        start = self.tandem.get("/oauth/pipedrive/start")
        consent(self.tandem, start.headers["location"], email=self.email)
        self.tandem.headers["x-csrf-token"] = self.get("/api/v1/me")["csrf_token"]

    def connect(self, **settings: Any) -> Json:
        """Sign in, connect the calendar, and start it with some settings."""
        self.sign_in()
        self.connection_id = connect_calendar(self.tandem, email=self.email, settings=settings)[
            "id"
        ]
        return self.connection()

    def disconnect_all(self) -> None:
        """Disconnect every calendar of theirs, so that no sweep has to look at it any more."""
        known = self.tandem.get("/api/v1/connections")
        for one in known.json()["items"] if known.is_success else ():
            self.tandem.delete(f"/api/v1/connections/{one['id']}")

    def reconnect_calendar(self) -> None:
        """Connect the same calendar account again."""
        answer = self.tandem.post("/api/v1/connections", json={"email": self.email})
        consent(self.tandem, _body(answer)["authorize_url"], email=self.email)

    def get(self, path: str, **params: Any) -> Json:
        """GET of the REST API."""
        return _body(self.tandem.get(path, params=params))

    def post(self, action: str, body: Json | None = None) -> Json:
        """POST of an action of the connection."""
        path = f"/api/v1/connections/{self.connection_id}/{action}"
        return _body(self.tandem.post(path, json=body))

    def connection(self) -> Json:
        """The connection as it is."""
        return self.get(f"/api/v1/connections/{self.connection_id}")

    def change_settings(self, **settings: Any) -> Json:
        """PATCH some settings of the connection."""
        answer = self.tandem.patch(f"/api/v1/connections/{self.connection_id}", json=settings)
        return _body(answer)

    def history(self, **params: Any) -> list[Json]:
        """Rows of the connection's history, newest first."""
        path = f"/api/v1/connections/{self.connection_id}/history"
        rows: list[Json] = self.get(path, **params)["items"]
        return rows

    def reasons(self, item_id: str | int) -> list[str]:
        """Reason codes of an item's rows, oldest first."""
        rows = [row for row in self.history(limit=200) if _is_about(row, item_id)]
        return [row["reason"] for row in reversed(rows)]

    def told(self, item_id: str | int, reason: str) -> Json:
        """The row of an item with a reason, once it is there."""

        def row() -> Json | None:
            rows = [one for one in self.history(limit=200) if _is_about(one, item_id)]
            return next((one for one in rows if one["reason"] == reason), None)

        try:
            return eventually(row, what=f"{reason} of {item_id}")
        except AssertionError as never:
            never.add_note(f"what was told of it: {self.reasons(item_id)}")
            raise

    # Pipedrive

    def create_activity(self, subject: str, start: datetime | None, **fields: Any) -> Json:
        """Make a meeting; `start` None leaves it without a date."""
        body: Json = {"subject": subject, "type": "meeting", "owner_id": self.user_id}
        if start is not None:
            body |= {"due_date": f"{start:%Y-%m-%d}", "due_time": f"{start:%H:%M}"}
            body |= {"duration": "01:00"}
        return _data(self.crm.post("/activities", json=body | fields))

    def change_activity(self, activity_id: int, **fields: Any) -> Json:
        """PATCH an activity."""
        return _data(self.crm.patch(f"/activities/{activity_id}", json=fields))

    def delete_activity(self, activity_id: int) -> None:
        """Delete an activity."""
        _data(self.crm.delete(f"/activities/{activity_id}"))

    def activity(self, activity_id: int) -> Json:
        """An activity with its attendees."""
        answer = self.crm.get(f"/activities/{activity_id}", params={"include_fields": "attendees"})
        return _data(answer)

    def activities(self, **params: Any) -> list[Json]:
        """All living activities of this person."""
        found: list[Json] = []
        cursor: str | None = None
        while True:
            answer = self.crm.get(
                "/activities",
                params={"owner_id": self.user_id, "limit": 500}
                | params
                | ({"cursor": cursor} if cursor else {}),
            )
            body = _body(answer)
            found += body["data"]
            cursor = body["additional_data"]["next_cursor"]
            if cursor is None:
                return [one for one in found if not one.get("is_deleted")]

    def activity_named(self, subject: str) -> Json:
        """The one activity with a subject, once it is there."""
        return eventually(
            lambda: _only([one for one in self.activities() if one["subject"] == subject]),
            what=f"activity {subject}",
        )

    # The calendar

    def add_calendar(self, summary: str) -> str:
        """Make another calendar of the same account; returns its id."""
        everywhere = self.calendar.base_url.copy_with(path="/google/calendar/v3/calendars")
        calendar_id: str = _body(self.calendar.post(everywhere, json={"summary": summary}))["id"]
        return calendar_id

    def look_into(self, calendar_id: str) -> None:
        """Turn to another calendar of the account."""
        self.calendar.base_url = self.calendar.base_url.copy_with(
            path=f"/google/calendar/v3/calendars/{calendar_id}"
        )

    def create_event(self, summary: str, begin: datetime, **fields: Any) -> Json:
        """Make an event of an hour."""
        body: Json = {
            "summary": summary,
            "start": {"dateTime": begin.isoformat()},
            "end": {"dateTime": (begin + timedelta(hours=1)).isoformat()},
        }
        return _body(self.calendar.post("/events", json=body | fields))

    def change_event(self, event_id: str, **fields: Any) -> Json:
        """PATCH an event."""
        return _body(self.calendar.patch(f"/events/{event_id}", json=fields))

    def delete_event(self, event_id: str) -> None:
        """Delete an event."""
        self.calendar.delete(f"/events/{event_id}").raise_for_status()

    def event(self, event_id: str) -> Json:
        """An event, deleted or not."""
        return _body(self.calendar.get(f"/events/{event_id}"))

    def events(self) -> list[Json]:
        """All living events of the calendar."""
        found: list[Json] = []
        params: Mapping[str, Any] = {"maxResults": 2500}
        while True:
            body = _body(self.calendar.get("/events", params=params))
            found += body["items"]
            if "nextPageToken" not in body:
                return [one for one in found if one["status"] != "cancelled"]
            params = {"maxResults": 2500, "pageToken": body["nextPageToken"]}

    def event_named(self, summary: str) -> Json:
        """The one event with a summary, once it is there."""
        return eventually(
            lambda: _only([one for one in self.events() if one.get("summary") == summary]),
            what=f"event {summary}",
        )


def _is_about(row: Json, item_id: str | int) -> bool:
    """Whether a row is about an item or its counterpart."""
    return item_id in {row["activity_id"], row["event_id"]}


def _only(found: list[Json]) -> Json | None:
    assert len(found) < 2, found
    return found[0] if found else None


def _body(answer: httpx.Response) -> Json:
    assert answer.is_success, (
        f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text[:500]}"
    )
    body: Json = answer.json()
    return body


def _data(answer: httpx.Response) -> Json:
    data: Json = _body(answer)["data"]
    return data
