"""Occurrences of recurring events, expanded by Google; see the port `calendars.Recurring`."""

from datetime import UTC, datetime
from typing import Any, Final

import httpx

from calendar_ingest.adapters.google.client import GoogleClient, GoogleError
from calendar_ingest.adapters.google.snapshots import is_cancelled, snapshot
from calendar_ingest.adapters.reading import all_readable
from calendar_ingest.calendars import Calendar, Occurrences, Window
from tandem.contracts.connections import Provider

Json = dict[str, Any]

PAGE_OCCURRENCES: Final = 1000
_NO_SERIES: Final = {httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND, httpx.codes.GONE}


class GoogleRecurring:
    """One call gives a page of one series, or of everything in a window."""

    def __init__(self, client: GoogleClient) -> None:
        self._client = client

    async def occurrences(
        self,
        calendar: Calendar,
        window: Window,
        *,
        series_id: str | None = None,
        page: str | None = None,
    ) -> Occurrences:
        """Occurrences that take place in a window; see the port."""
        parameters = {
            "calendarId": calendar.calendar_id,
            "timeMin": _stamp(window.start),
            "timeMax": _stamp(window.end),
            "maxResults": PAGE_OCCURRENCES,
            **({"pageToken": page} if page else {}),
        }
        if series_id is None:
            request = self._client.events.list(singleEvents=True, **parameters)
            answer = await self._client.call(calendar.account, "events.list", request)
        else:
            request = self._client.events.instances(eventId=series_id, **parameters)
            try:
                answer = await self._client.call(calendar.account, "events.instances", request)
            except GoogleError as error:
                if error.status in _NO_SERIES:
                    return Occurrences((), None)
                raise
        items = filter(_is_occurrence, answer.get("items") or ())
        observed = all_readable(Provider.GOOGLE, snapshot, items)
        return Occurrences(observed, answer.get("nextPageToken"))


def is_series(item: Json) -> bool:
    """Whether an event stands for a whole series."""
    return bool(item.get("recurrence"))


def _is_occurrence(item: Json) -> bool:
    return bool(item.get("recurringEventId")) and not is_cancelled(item)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
