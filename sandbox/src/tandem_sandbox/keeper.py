"""Keeps a sandbox's state in a file, so that its own restart loses nothing."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

from pydantic_core import from_json

from tandem_sandbox.world import World

SHARE_MAX = 0.05
"""Share of the time that keeping may take: a large state is kept less often."""


class Keeper:
    """Writes the state when it has changed, at most once in ``seconds``, and at the end."""

    def __init__(self, world: World, file: Path, *, seconds: float) -> None:
        self._world = world
        self._file = file
        self._seconds = seconds
        self._kept = -1
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Take over what was kept, and begin to keep."""
        if self._file.exists():
            self._world.load(from_json(self._file.read_bytes()))
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Write the last state."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self.keep()

    def keep(self) -> None:
        """Write the state where it differs from the file; a reader never sees half of it."""
        revision = self._world.revision
        if revision == self._kept:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".new")
        draft.write_bytes(self._world.dump_json())
        draft.replace(self._file)
        self._kept = revision

    async def _run(self) -> None:
        pause = self._seconds
        while True:
            await asyncio.sleep(pause)
            begun = time.monotonic()
            self.keep()
            pause = max(self._seconds, (time.monotonic() - begun) / SHARE_MAX)
