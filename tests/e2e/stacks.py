"""Stacks of processes that tests start and end."""

from collections.abc import Iterator

from tandem_embedded.stack import Stack, StackOptions


def running(options: StackOptions) -> Iterator[Stack]:
    """A stack that runs until the test, or all tests that share it, are over; for fixtures."""
    stack = Stack(options)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()
        stack.forget()
