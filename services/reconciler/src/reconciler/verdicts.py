"""Why items are left alone: kept until a transaction is stored, and told where that is news."""

from uuid import UUID

from reconciler.core.model import Link
from reconciler.core.reasons import Reason
from reconciler.journal import UNREMARKABLE, HistoryRow
from reconciler.repository import notes
from reconciler.repository.notes import VerdictKey
from tandem.contracts.meetings import Side
from tandem.runtime import postgres


class Verdicts:
    """The last verdict of each item that was decided about."""

    def __init__(self) -> None:
        self._left: dict[VerdictKey, tuple[Reason, HistoryRow | None]] = {}
        self._settled: dict[VerdictKey, None] = {}

    def note(self, key: VerdictKey, reason: Reason, row: HistoryRow | None = None) -> None:
        """Note why an item is left alone; `row` is told if that is news."""
        if reason is Reason.AWAITING:
            return
        if reason in UNREMARKABLE:
            self._left.pop(key, None)
            self._settled[key] = None
        elif key not in self._left or self._left[key][0] is not reason:
            self._settled.pop(key, None)
            self._left[key] = (reason, row)

    def note_both(self, connection_id: UUID, link: Link, reason: Reason) -> None:
        """Note for both items of a link what another row tells already."""
        for side, item_id in ((Side.CRM, link.activity_id), (Side.CALENDAR, link.event_id)):
            if item_id is not None:
                self.note((connection_id, side, str(item_id)), reason)

    async def save(self, database: postgres.Connection) -> list[HistoryRow]:
        """Store what was noted since the last time; returns the rows of what is news."""
        news = await notes.put_verdicts(
            database, {key: reason for key, (reason, _) in self._left.items()}
        )
        rows = [row for key, (_, row) in self._left.items() if row is not None and key in news]
        await notes.drop_verdicts(database, self._settled)
        self._left.clear()
        self._settled.clear()
        return rows
