"""Occurrences of recurring items, expanded by Exchange; see the port `calendars.Recurring`."""

from calendar_ingest.adapters.exchange.client import ExchangeClient
from calendar_ingest.calendars import Calendar, Occurrences, Window


class ExchangeRecurring:
    """Asks for a stretch of a calendar, whether one series is meant or all."""

    def __init__(self, client: ExchangeClient) -> None:
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
        return await self._client.call(
            calendar.account,
            "CalendarView",
            lambda mailbox: mailbox.occurrences(
                calendar.calendar_id, window, series_id=series_id, page=page
            ),
        )
