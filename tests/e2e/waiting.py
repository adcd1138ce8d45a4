"""Waiting for what must come, with a deadline; nothing sleeps for a fixed time."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")
POLL_S = 0.05


def eventually(look: Callable[[], Value | None], *, seconds: float = 20, what: str = "") -> Value:
    """The first true value that `look` gives; an AssertionError names what did not come."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"did not come within {seconds:.0f} s: {what or look}; {seen!r}")
        time.sleep(POLL_S)
