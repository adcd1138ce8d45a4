"""Stacks of processes that tests start and end."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from tandem_embedded.addresses import Ports
from tandem_embedded.stack import Stack, StackOptions

PARTITIONS = 4
_NOTHING: Mapping[str, str] = MappingProxyType({})


def running(
    folder: Path,
    *,
    overrides: Mapping[str, str] = _NOTHING,
    in_memory_kafka: bool = False,
    traces: bool = False,
) -> Iterator[Stack]:
    """A stack that runs until the test, or all tests that share it, are over; for fixtures."""
    stack = Stack(
        StackOptions(
            folder=folder,
            ports=Ports.free(),
            in_memory_kafka=in_memory_kafka,
            durable=False,
            partitions=PARTITIONS,
            overrides=overrides,
            traces=traces,
        )
    )
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()
        stack.forget()
