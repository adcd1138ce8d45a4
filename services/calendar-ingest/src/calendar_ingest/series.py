"""Occurrences of recurring series: what a page of changes means for them, and the days to come.

What a changed series does not show any more is asked for one by one: absence never deletes. Past
occurrences stay as they are.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from calendar_ingest.calendars import (
    Access,
    Calendar,
    Changes,
    RefusedError,
    Tombstone,
    Window,
)
from calendar_ingest.leases import held
from calendar_ingest.moves import former_occurrences
from calendar_ingest.repository import ReadClaim, Reads
from tandem.contracts.events import EventSnapshot
from tandem.runtime import metrics
from tandem.runtime.logs import LOG

ROLLED_BY: Final = timedelta(days=1)
"""The window is read on when so much of it has not been read yet."""


class SeriesReader:
    """Reads the series of one claimed calendar; `calendar` is the claim's, with its priority."""

    def __init__(self, reads: Reads, claim: ReadClaim, access: Access, calendar: Calendar) -> None:
        self._reads = reads
        self._claim = claim
        self._access = access
        self._calendar = calendar

    async def follow(
        self, changes: Changes, now: datetime, *, full: bool
    ) -> tuple[Changes, dict[str, str]]:
        """A page of changes with what follows for occurrences, and which of these were moved.

        Those are told by their ids, each with the id of the one that it takes the place of. Of a
        whole calendar's list only deleted series are followed: the window is read after it.
        """
        if self._access.recurring is None:
            return changes, {}
        observed = {event.event_id: event for event in changes.observed}
        gone = {tombstone.event_id: tombstone for tombstone in changes.gone}
        ended = await self._reads.coming_occurrences(self._claim, gone, now)
        for series_id, occurrences in ended.items():
            gone |= {one: replace(gone[series_id], event_id=one) for one in occurrences}
        formerly = {} if full else await self._follow_changed(changes, now, observed, gone)
        found = replace(changes, observed=tuple(observed.values()), gone=tuple(gone.values()))
        return found, formerly

    async def days_to_come(
        self, expanded_until: datetime | None, now: datetime, *, full: bool
    ) -> AsyncIterator[tuple[Changes, dict[str, str], datetime | None]]:
        """Pages of occurrences that have come into the window; the last one with its end.

        A `full` list does not tell which series have changed since the calendar was last read.
        Those of which it shows other occurrences than are known are followed like changed ones.
        """
        recurring = self._access.recurring
        end = now + self._claim.horizon
        if recurring is None or (expanded_until and end - expanded_until < ROLLED_BY):
            return
        window = Window(max(expanded_until or now, now), end)
        settled: set[str] = set()
        page: str | None = None
        while True:
            found = await recurring.occurrences(self._calendar, window, page=page)
            page = found.page
            series = await self._changed_meanwhile(found.observed, settled, now) if full else ()
            shown = Changes(found.observed, (), cursor="", more=False, series=series)
            yield *await self.follow(shown, now, full=False), None if page else end
            if not page:
                return

    async def _changed_meanwhile(
        self, shown: Iterable[EventSnapshot], settled: set[str], now: datetime
    ) -> tuple[str, ...]:
        """Series with known occurrences of which a page shows others.

        `settled` are those which earlier pages of the same list have made known.
        """
        of_series: dict[str, set[str]] = defaultdict(set)
        for event in shown:
            if event.series is not None and event.series.series_id not in settled:
                of_series[event.series.series_id].add(event.event_id)
        known = await self._reads.coming_occurrences(self._claim, of_series, now)
        changed = tuple(one for one, seen in known.items() if of_series[one] - seen.keys())
        settled.update(changed, of_series.keys() - known.keys())
        return changed

    async def _follow_changed(
        self,
        changes: Changes,
        now: datetime,
        observed: dict[str, EventSnapshot],
        gone: dict[str, Tombstone],
    ) -> dict[str, str]:
        single_again = {event_id for event_id, event in observed.items() if event.series is None}
        known = await self._reads.coming_occurrences(
            self._claim, {*changes.series, *single_again}, now
        )
        for series_id in changes.series:
            try:
                observed |= await self._present(series_id, now)
            except RefusedError as error:
                self._leave_alone(series_id, error)
                known.pop(series_id, None)
        for event_id in chain.from_iterable(known.values()):
            if event_id not in observed and event_id not in gone:
                await self._ask(event_id, observed, gone)
        for event_id in await self._reads.known_singles(self._claim, changes.series):
            gone.setdefault(event_id, Tombstone(event_id))
        formerly: dict[str, str] = {}
        for series_id in changes.series:
            present = _occurrences_of(series_id, observed)
            formerly |= former_occurrences(known.get(series_id, {}), present)
        return formerly

    async def _present(self, series_id: str, now: datetime) -> dict[str, EventSnapshot]:
        """The coming occurrences of a series, in their order."""
        recurring = self._access.recurring
        if recurring is None:
            return {}
        end = max(self._claim.expanded_until or now, now + self._claim.horizon)
        events: list[EventSnapshot] = []
        page: str | None = None
        while True:
            held(await self._reads.keep(self._claim))
            found = await recurring.occurrences(
                self._calendar, Window(now, end), series_id=series_id, page=page
            )
            events += found.observed
            page = found.page
            if not page:
                return {event.event_id: event for event in events}

    def _leave_alone(self, series_id: str, error: RefusedError) -> None:
        """One series that the provider refuses to show must not hold up the calendar."""
        LOG.warning(
            "series_refused",
            connection_id=str(self._claim.connection_id),
            series_id=series_id,
            detail=str(error),
        )
        metrics.EVENTS_SKIPPED.labels(self._claim.provider.value, "series").inc()

    async def _ask(
        self, event_id: str, observed: dict[str, EventSnapshot], gone: dict[str, Tombstone]
    ) -> None:
        held(await self._reads.keep(self._claim))
        event = await self._access.calendars.get(self._calendar, event_id)
        if event is None:
            gone[event_id] = Tombstone(event_id)
        else:
            observed[event_id] = event


def _occurrences_of(
    series_id: str, observed: Mapping[str, EventSnapshot]
) -> dict[str, EventSnapshot]:
    return {
        event_id: event
        for event_id, event in observed.items()
        if event.series is not None and event.series.series_id == series_id
    }
