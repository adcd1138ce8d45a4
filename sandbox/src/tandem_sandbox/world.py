"""Owns one sandbox: its time, its troubles, its logs and the state of every provider.

Everything runs in one event loop, so no part of it is locked.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from pydantic_core import from_json, to_json

from tandem_sandbox.accounts import Seed, default_seed
from tandem_sandbox.calls import CallLog, MailLog
from tandem_sandbox.clock import SandboxClock
from tandem_sandbox.delivery import DeliveryQueue
from tandem_sandbox.exchange.state import ExchangeState
from tandem_sandbox.faults import FaultBook
from tandem_sandbox.google.state import GoogleState
from tandem_sandbox.microsoft.state import MicrosoftState
from tandem_sandbox.pipedrive.state import PipedriveState
from tandem_sandbox.settings import SandboxSettings

FORMAT = 1


class World:
    """What the emulators share."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self.clock = SandboxClock()
        self.faults = FaultBook()
        self.calls = CallLog()
        self.mails = MailLog(self.clock)
        self.deliveries = DeliveryQueue(
            self.faults, timeout_seconds=settings.delivery_timeout_seconds
        )
        self.accounts = Seed()
        self.pipedrive = PipedriveState()
        self.google = GoogleState()
        self.exchange = ExchangeState()
        self.microsoft = MicrosoftState()
        self.is_stopping: Callable[[], bool] = lambda: False
        """Whether what stays open, such as the stream of a page, is to end now."""
        self._touched = 0
        self._when_loaded: list[Callable[[], None]] = []
        self.seed(default_seed())

    @property
    def public_url(self) -> str:
        """The base under which clients reach the sandbox, without a slash at the end."""
        return self.settings.public_url.rstrip("/")

    @property
    def revision(self) -> int:
        """Grows whenever the state may have changed."""
        return self.calls.writes + self._touched

    def touch(self) -> None:
        """Tell that the state changed by something else than a call."""
        self._touched += 1

    def seed(self, seed: Seed) -> None:
        """Add the companies and mailboxes that are not there yet."""
        known = self.accounts
        self.accounts = known.joined(seed)
        new_companies = self.accounts.companies[len(known.companies) :]
        new_mailboxes = self.accounts.mailboxes[len(known.mailboxes) :]
        self.pipedrive.seed(new_companies, self.clock.now())
        self.google.seed([one for one in new_mailboxes if one.provider == "google"])
        self.exchange.seed([one for one in new_mailboxes if one.provider == "exchange"])
        self.microsoft.seed([one for one in new_mailboxes if one.provider == "microsoft"])
        self.touch()

    async def reset(self) -> None:
        """Forget everything and start with the default seed."""
        await self.deliveries.reset()
        self.deliveries.time_scale = 1.0
        self.clock.reset()
        self.faults.reset()
        self.calls.reset()
        self.mails.reset()
        self.pipedrive.reset()
        self.google.reset()
        self.exchange.reset()
        self.microsoft.reset()
        self.accounts = Seed()
        self.seed(default_seed())

    def when_loaded(self, resume: Callable[[], None]) -> None:
        """Call ``resume`` after every ``load``, for what was under way in the kept state."""
        self._when_loaded.append(resume)

    def dump_json(self) -> bytes:
        """The whole state; logs, spent budgets and armed faults are not part of it."""
        return to_json(
            {
                "format": FORMAT,
                "clock_offset_seconds": self.clock.offset.total_seconds(),
                "time_scale": self.deliveries.time_scale,
                "accounts": self.accounts,
                "pipedrive": self.pipedrive.dump(),
                "google": self.google.dump(),
                "exchange": self.exchange.dump(),
                "microsoft": self.microsoft.dump(),
            }
        )

    def dump(self) -> dict[str, Any]:
        """The same, as ``load`` takes it."""
        kept: dict[str, Any] = from_json(self.dump_json())
        return kept

    def load(self, kept: dict[str, Any]) -> None:
        """Take over a state made by ``dump``; deliveries that waited go on, so a loop must run.

        Raises:
            ValueError: the state is of another format.
        """
        if kept.get("format") != FORMAT:
            raise ValueError(f"format: {kept.get('format')!r} is not {FORMAT}")
        self.accounts = Seed.model_validate(kept["accounts"])
        self.clock.reset()
        self.clock.advance(timedelta(seconds=kept["clock_offset_seconds"]))
        self.deliveries.time_scale = kept.get("time_scale", 1.0)
        self.pipedrive.reset()
        self.pipedrive.load(kept["pipedrive"])
        self.google.reset()
        self.google.load(kept["google"])
        self.exchange.reset()
        if "exchange" in kept:
            self.exchange.load(kept["exchange"])
        self.microsoft.reset()
        if "microsoft" in kept:
            self.microsoft.load(kept["microsoft"])
        for resume in self._when_loaded:
            resume()

    async def aclose(self) -> None:
        """Stop what runs in the background."""
        await self.deliveries.aclose()
