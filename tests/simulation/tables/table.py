"""A table of rows by their key, with an undo list for the transaction that is open."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

Row = dict[str, Any]
Key = tuple[Any, ...]
Undo = list[Callable[[], Any]]


class Table:
    """Rows are replaced, never changed in place, so that a reader keeps what it read."""

    def __init__(self, *key: str) -> None:
        self._columns = key
        self._rows: dict[Key, Row] = {}
        self.undo: Undo | None = None

    def __iter__(self) -> Iterator[Row]:
        return iter(list(self._rows.values()))

    def get(self, *key: Any) -> Row | None:
        """The row with a key."""
        return self._rows.get(key)

    def where(self, holds: Callable[[Row], bool]) -> list[Row]:
        """Rows for which something holds, in the order in which they came."""
        return [row for row in self._rows.values() if holds(row)]

    def put(self, row: Row) -> None:
        """Add a row, or replace the one with its key."""
        key = tuple(row[column] for column in self._columns)
        self._remember(key)
        self._rows[key] = row

    def change(self, row: Row, **values: Any) -> Row:
        """Replace a row by itself with other values."""
        changed = row | values
        self.put(changed)
        return changed

    def drop(self, row: Row) -> None:
        """Remove a row that may be gone already."""
        key = tuple(row[column] for column in self._columns)
        if key in self._rows:
            self._remember(key)
            del self._rows[key]

    def drop_where(self, holds: Callable[[Row], bool]) -> None:
        """Remove rows for which something holds."""
        for row in self.where(holds):
            self.drop(row)

    def _remember(self, key: Key) -> None:
        if self.undo is None:
            return
        before = self._rows.get(key)
        if before is None:
            self.undo.append(partial(self._rows.pop, key, None))
        else:
            self.undo.append(partial(self._rows.__setitem__, key, before))


class Tables:
    """The tables of one service. Each of its named queries is a method with its name.

    `now` is the database's clock, `new_uuid` its generator.
    """

    def __init__(self, now: Callable[[], Any], new_uuid: Callable[[], Any]) -> None:
        self.now = now
        self.new_uuid = new_uuid
        self.outbox = Table("id")
        self.inbox = Table("message_id")
        self._outbox_id = 0
        self._tables: list[Table] = []

    def tables(self) -> list[Table]:
        """All tables, which are made when this is."""
        if not self._tables:
            self._tables = [value for value in vars(self).values() if isinstance(value, Table)]
        return self._tables

    def add_to_outbox(self, *columns: list[Any]) -> list[Row]:
        """Append rows."""
        for topic, key, value, trace in zip(*columns, strict=True):
            self._outbox_id += 1
            row = {"id": self._outbox_id, "topic": topic, "key": key, "value": value}
            self.outbox.put(row | {"trace": trace, "created_at": self.now()})
        return []

    def oldest_of_outbox(self, most: int) -> list[Row]:
        """Rows in their order."""
        oldest = sorted(self.outbox, key=lambda row: row["id"])[:most]
        return [row | {"age": self.now() - row["created_at"]} for row in oldest]

    def drop_from_outbox(self, ids: list[int]) -> list[Row]:
        """Remove rows that were published."""
        self.outbox.drop_where(lambda row: row["id"] in ids)
        return []

    def claim_in_inbox(self, ids: list[Any]) -> list[Row]:
        """Ids that nobody had claimed."""
        fresh = [one for one in ids if self.inbox.get(one) is None]
        for one in fresh:
            self.inbox.put({"message_id": one, "claimed_at": self.now()})
        return [{"message_id": one} for one in fresh]

    def forget_inbox(self, _days: int) -> list[Row]:
        """Nothing is old enough in a simulation."""
        return []


def rows_of(columns: Mapping[str, list[Any]], names: Mapping[str, str]) -> list[Row]:
    """Rows of parallel columns; `names` gives for each name of a row that of its column."""
    given = {name: columns[column] for name, column in names.items() if column in columns}
    return [dict(zip(given, values, strict=True)) for values in zip(*given.values(), strict=True)]
