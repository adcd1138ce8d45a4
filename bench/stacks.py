"""The stack that a benchmark measures."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tandem_embedded.addresses import Ports
from tandem_embedded.stack import Stack, StackOptions


@contextmanager
def measured_stack(**options: Any) -> Iterator[Stack]:
    """A stack that has yet to be started, on ports and in a folder of its own; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder:
        Path(folder).chmod(0o755)
        stack = Stack(StackOptions(folder=Path(folder), ports=Ports.free(), **options))
        try:
            yield stack
        finally:
            stack.stop()
            stack.forget()
