"""An event loop on which time passes only when nobody has anything left to do."""

import asyncio
import selectors
from typing import Any


class _NoInput(selectors.BaseSelector):
    """Waits for nothing: instead of sleeping, it moves the loop's clock on."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = selectors.SelectorKey(fileobj, 0, events, data)
        self._keys[fileobj] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise DeadlockError("everybody waits and no clock will wake anybody")
        self._loop.elapsed_s += max(timeout, 0.0)
        return []

    def get_map(self) -> Any:
        return self._keys


class DeadlockError(Exception):
    """No task can go on, ever."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """Same order of callbacks as the real loop, no real time, no input."""

    def __init__(self) -> None:
        self.elapsed_s = 0.0
        super().__init__(_NoInput(self))
        self.set_exception_handler(_ignore)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self.elapsed_s


def _ignore(_loop: asyncio.AbstractEventLoop, _context: dict[str, Any]) -> None:
    """Tasks of crashed processes are left where they were; that is no news."""
