"""Drives a running demo from outside: an activity becomes an event, an event an activity."""

import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import httpx

WAIT_S: Final = 30.0
_POLL_S: Final = 0.02


class SmokeFailedError(RuntimeError):
    """Something did not arrive; the message says what."""


class Providers:
    """The demo user's own view of Pipedrive and of his calendar."""

    def __init__(self, description: dict[str, Any]) -> None:
        sandbox = description["urls"]["sandbox"]
        connection = description["connections"][0]
        self._owner_id = description["pipedrive"]["user_id"]
        self.pipedrive = httpx.Client(
            base_url=f"{sandbox}/pipedrive/api/v2",
            headers={"x-api-token": description["pipedrive"]["token"]},
            timeout=30,
        )
        self.google = httpx.Client(
            base_url=f"{sandbox}/google/calendar/v3/calendars/{connection['calendar_id']}",
            headers={"authorization": f"Bearer {connection['token']}"},
            timeout=30,
        )

    def close(self) -> None:
        """Close the connections."""
        self.pipedrive.close()
        self.google.close()

    def create_activity(self, title: str, start: datetime) -> None:
        """Make a meeting of 45 minutes in Pipedrive."""
        self.pipedrive.post(
            "/activities",
            json={
                "subject": title,
                "type": "meeting",
                "owner_id": self._owner_id,
                "due_date": start.strftime("%Y-%m-%d"),
                "due_time": start.strftime("%H:%M"),
                "duration": "00:45",
            },
        ).raise_for_status()

    def create_event(self, title: str, start: datetime) -> None:
        """Make an event of 45 minutes in the calendar."""
        self.google.post(
            "/events",
            json={
                "summary": title,
                "start": {"dateTime": start.isoformat()},
                "end": {"dateTime": (start + timedelta(minutes=45)).isoformat()},
            },
        ).raise_for_status()

    def activities(self, title: str) -> list[dict[str, Any]]:
        """Activities with a title."""
        answer = self.pipedrive.get(
            "/activities",
            params={
                "owner_id": self._owner_id,
                "sort_by": "add_time",
                "sort_direction": "desc",
                "limit": 50,
            },
        )
        answer.raise_for_status()
        return [one for one in answer.json()["data"] if one["subject"] == title]

    def events(self, title: str) -> list[dict[str, Any]]:
        """Events with a title."""
        answer = self.google.get("/events", params={"q": title})
        answer.raise_for_status()
        return [one for one in answer.json()["items"] if one.get("summary") == title]


def smoke(description: dict[str, Any], say: Callable[[str], None]) -> None:
    """Both ways once; SmokeFailedError where an item does not arrive exactly once."""
    with closing(Providers(description)) as providers:
        _both_ways(providers, say)


def _both_ways(providers: Providers, say: Callable[[str], None]) -> None:
    start = (datetime.now(UTC) + timedelta(days=2)).replace(second=0, microsecond=0)
    title = f"Smoke {uuid4().hex[:8]}"
    providers.create_activity(title, start)
    say(f"Pipedrive → Google  {_arrival_ms(lambda: providers.events(title)):7.0f} ms")
    title = f"Smoke {uuid4().hex[:8]}"
    providers.create_event(title, start + timedelta(hours=2))
    say(f"Google → Pipedrive  {_arrival_ms(lambda: providers.activities(title)):7.0f} ms")


def _arrival_ms(look: Callable[[], list[dict[str, Any]]]) -> float:
    begun = time.monotonic()
    while not (found := look()):
        if time.monotonic() - begun > WAIT_S:
            raise SmokeFailedError(f"nothing arrived within {WAIT_S:.0f} s")
        time.sleep(_POLL_S)
    if len(found) > 1:
        raise SmokeFailedError(f"{len(found)} arrived instead of one")
    return (time.monotonic() - begun) * 1000
