"""PostgreSQL in memory: the pool's surface, transactions that roll back, statements by their name.

A statement is recognised by its text and carried out by the method of `Tables` that bears its
name. Transactions of one schema run one after the other from their first write to their end, which
is one of the orders that the real database permits. What a crashed process had not committed is
rolled back at once.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from tests.simulation.process import Process
from tests.simulation.tables.table import Row, Tables, Undo

_PLAIN: Final = (
    ("INSERT INTO {}.outbox", "add_to_outbox"),
    ("SELECT id, topic, key, value, trace", "oldest_of_outbox"),
    ("DELETE FROM {}.outbox", "drop_from_outbox"),
    ("INSERT INTO {}.inbox", "claim_in_inbox"),
    ("DELETE FROM {}.inbox", "forget_inbox"),
)
BESIDE_A_TABLE: Final = {"known_activities": "known_activities_of"}
"""Queries that bear the name of a table."""
_READS_ONLY: Final = frozenset({"oldest_of_outbox", "advisory_lock"})


class Store:
    """One schema, shared by the processes of one service; it outlives them."""

    def __init__(self, schema: str, tables: Tables, queries: Any) -> None:
        self.schema = schema
        self.tables = tables
        self._statements: dict[str, tuple[str, list[str]]] = {}
        order = queries.driver_adapter.var_sorted
        for name in queries.available_queries:
            if not name.endswith("_cursor"):
                self._statements[getattr(queries, name).sql] = (name, order[name])
        self._holder: Session | None = None
        self._waiting: deque[tuple[Session, asyncio.Future[None]]] = deque()

    def named(self, sql: str) -> tuple[str, list[str] | None]:
        """The method that carries out a statement, and the names of its parameters."""
        found = self._statements.get(sql)
        if found is not None:
            return found
        if "pg_advisory_xact_lock" in sql:
            return "advisory_lock", None
        for begin, name in _PLAIN:
            if sql.startswith(begin.format(self.schema)):
                return name, None
        raise NotImplementedError(f"a statement that the simulation does not know: {sql[:80]}")

    def carry_out(self, name: str, parameters: list[str] | None, values: tuple[Any, ...]) -> Any:
        """Run a statement."""
        if name == "advisory_lock":
            return []
        method = getattr(self.tables, BESIDE_A_TABLE.get(name, name))
        if parameters is None:
            return method(*values)
        return method(**dict(zip(parameters, values, strict=True)))

    async def hold(self, session: "Session") -> None:
        """Wait until no other transaction has written something that is not committed."""
        if self._holder is session:
            return
        if self._holder is not None:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((session, turn))
            await turn
            if session.process.dead:
                self.let_go(session)
                await session.process.io("held")
        self._holder = session

    def let_go(self, session: "Session") -> None:
        """End a hold; who waits longest is next."""
        if self._holder is not session:
            return
        self._holder = None
        while self._waiting:
            following, turn = self._waiting.popleft()
            if not following.process.dead and not turn.done():
                self._holder = following
                turn.set_result(None)
                return

    def begin(self) -> Undo:
        """Note every change from here."""
        undo: Undo = []
        for table in self.tables.tables():
            table.undo = undo
        return undo

    def end(self, undo: Undo, *, commit: bool) -> None:
        """Keep the changes, or take them back."""
        for table in self.tables.tables():
            table.undo = None
        if not commit:
            for take_back in reversed(undo):
                take_back()


class Session:
    """A database connection of one process."""

    def __init__(self, store: Store, process: Process) -> None:
        self.process = process
        self._store = store
        self._in_transaction = False
        self._undo: Undo | None = None

    def __dir__(self) -> list[str]:
        """This is no pool."""
        return []

    async def fetch(self, sql: str, *values: Any) -> list[Row]:
        """Rows."""
        return await self._run(sql, values) or []

    async def fetchrow(self, sql: str, *values: Any) -> Row | None:
        """The first row."""
        rows = await self._run(sql, values)
        return rows[0] if rows else None

    async def fetchval(self, sql: str, *values: Any, **_options: Any) -> Any:
        """A single value."""
        return await self._run(sql, values)

    async def execute(self, sql: str, *values: Any) -> None:
        """No answer."""
        await self._run(sql, values)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """All or nothing."""
        self._in_transaction = True
        self.process.sessions.append(self)
        try:
            yield
            await self.process.io("commit")
        except BaseException:
            self.roll_back()
            raise
        self._end(commit=True)
        await self.process.io("committed")

    def roll_back(self) -> None:
        """Forget what was not committed."""
        self._end(commit=False)

    def _end(self, *, commit: bool) -> None:
        if not self._in_transaction:
            return
        self._in_transaction = False
        self.process.sessions.remove(self)
        if self._undo is not None:
            self._store.end(self._undo, commit=commit)
            self._undo = None
        self._store.let_go(self)

    async def _run(self, sql: str, values: tuple[Any, ...]) -> Any:
        name, parameters = self._store.named(sql)
        await self.process.io(name)
        if self._in_transaction and name in _READS_ONLY:
            return self._store.carry_out(name, parameters, values)
        await self._store.hold(self)
        if self._in_transaction:
            if self._undo is None:
                self._undo = self._store.begin()
            return self._store.carry_out(name, parameters, values)
        undo = self._store.begin()
        done = False
        try:
            answer = self._store.carry_out(name, parameters, values)
            done = True
        finally:
            self._store.end(undo, commit=done)
            self._store.let_go(self)
        return answer


class SimulatedPool:
    """The pool of one process."""

    def __init__(self, store: Store, process: Process) -> None:
        self._store = store
        self._process = process

    def __dir__(self) -> list[str]:
        """What the query library asks for: whether this is a pool."""
        return ["acquire"]

    def acquire(self) -> "_Acquired":
        """A connection, awaited or entered."""
        return _Acquired(Session(self._store, self._process))

    async def release(self, _session: Session) -> None:
        """Give a connection back."""

    async def fetch(self, sql: str, *values: Any) -> list[Row]:
        """See `Session`."""
        return await Session(self._store, self._process).fetch(sql, *values)

    async def execute(self, sql: str, *values: Any) -> None:
        """See `Session`."""
        await Session(self._store, self._process).execute(sql, *values)


class _Acquired:
    def __init__(self, session: Session) -> None:
        self._session = session

    def __await__(self) -> Any:
        yield from ()
        return self._session

    async def __aenter__(self) -> Session:
        return self._session

    async def __aexit__(self, *_: object) -> None:
        return None
