"""One process of a service: it may die at any of its waits, and is gone then without a word.

Whatever leaves the process passes `io`. After its death no `io` ever returns: code of the dead
goes on to its next wait and stays there, so that no clean-up of its own softens the crash.
"""

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

QUICK_S: Final = (0.0005, 0.01)
AT_ONCE: Final = 0.5
"""Share of quick waits that take no time at all."""


@dataclass
class Process:
    """`dies_in` counts the waits that are left until a planned death."""

    name: str
    chance: Random
    dead: bool = False
    dies_in: int | None = None
    sessions: list[Any] = field(default_factory=list)
    waits: int = 0

    async def io(self, _what: str, longest_s: float | None = None) -> None:
        """Let something outside take its time; the place where the process may die."""
        least, most = QUICK_S
        if not self.dead and (longest_s or self.chance.random() >= AT_ONCE):
            await asyncio.sleep(self.chance.uniform(least, longest_s or most))
        self.waits += 1
        if self.dies_in is not None and not self.dead:
            self.dies_in -= 1
            if self.dies_in <= 0:
                self.die()
        if self.dead:
            await asyncio.get_running_loop().create_future()

    def die(self) -> None:
        """Stop here; open transactions are rolled back by the database."""
        self.dead = True
        for session in list(self.sessions):
            session.roll_back()
