"""Occurrences of recurring events, expanded by Graph; see the port `calendars.Recurring`."""

from typing import Final

import httpx

from calendar_ingest.adapters.microsoft.client import MicrosoftClient, MicrosoftError
from calendar_ingest.adapters.microsoft.snapshots import is_cancelled, is_occurrence, snapshot
from calendar_ingest.adapters.reading import all_readable
from calendar_ingest.adapters.request import Request
from calendar_ingest.calendars import Calendar, Occurrences, Window
from tandem.contracts.connections import Provider

_NO_SERIES: Final = {httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND, httpx.codes.GONE}


class MicrosoftRecurring:
    """One call gives a page of one series, or of everything in a window."""

    def __init__(self, client: MicrosoftClient) -> None:
        self._client = client

    async def occurrences(
        self,
        calendar: Calendar,
        window: Window,
        *,
        series_id: str | None = None,
        page: str | None = None,
    ) -> Occurrences:
        """Occurrences that take place in a window; see the port. `page` is a link of Graph's."""
        requests = await self._client.requests()
        if page is not None:
            request = Request("GET", page)
        elif series_id is None:
            request = requests.view(calendar.calendar_id, window)
        else:
            request = requests.instances(calendar.calendar_id, series_id, window)
        operation = "events.view" if series_id is None else "events.instances"
        try:
            answer = await self._client.call(calendar.account, operation, request)
        except MicrosoftError as error:
            if series_id is not None and error.status in _NO_SERIES:
                return Occurrences((), None)
            raise
        items = (
            item
            for item in answer.get("value") or ()
            if is_occurrence(item) and not is_cancelled(item)
        )
        observed = all_readable(Provider.MICROSOFT, snapshot, items)
        return Occurrences(observed, answer.get("@odata.nextLink"))
