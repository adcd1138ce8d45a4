"""Runs exchangelib's blocking calls in a bounded number of threads, away from the event loop.

exchangelib is loaded with the first account. Each server has a limit of calls at a time.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from calendar_ingest.calendars import Account
from calendar_ingest.settings import ExchangeSettings
from tandem.runtime import metrics
from tandem.runtime.credential_store import Credential, GrantLostError
from tandem.runtime.failures import Retryable
from tandem.runtime.telemetry import call_of

if TYPE_CHECKING:
    from calendar_ingest.adapters.exchange.mailbox import Mailbox

MAILBOXES_MAX: Final = 1000
Value = TypeVar("Value")


class Passwords(Protocol):
    """Where passwords come from."""

    async def password(self, credential_id: UUID) -> Credential | None:
        """A credential as it is kept."""
        ...


class ExchangeClient:
    """Accounts that are open, by credential and password."""

    def __init__(self, settings: ExchangeSettings, passwords: Passwords) -> None:
        self._settings = settings
        self._passwords = passwords
        self._threads = ThreadPoolExecutor(settings.exchange_threads_max, "exchange")
        self._servers: dict[str, asyncio.Semaphore] = {}
        self._open: OrderedDict[str, Mailbox] = OrderedDict()

    async def call(
        self, account: Account, operation: str, work: "Callable[[Mailbox], Value]"
    ) -> Value:
        """Do `work` with the mailbox of an account in a thread.

        Raises what the port says, and GrantLostError where the password is not good any more.
        """
        credential = await self._passwords.password(account.credential_id)
        if credential is None:
            raise GrantLostError("the account is not connected any more")
        key = _fingerprint(credential)
        host = urlsplit(credential.api_url).netloc
        limit = self._servers.setdefault(
            host, asyncio.Semaphore(self._settings.exchange_calls_per_server_max)
        )
        with (
            call_of("exchange", operation),
            metrics.PROVIDER_SECONDS.labels("exchange", operation).time(),
        ):
            async with limit:
                try:
                    value = await self.in_thread(lambda: work(self._mailbox(key, credential)))
                except BaseException as error:
                    self._note(operation, key, error)
                    raise
        metrics.PROVIDER_CALLS.labels("exchange", operation, "ok").inc()
        return value

    async def in_thread(self, work: Callable[[], Value]) -> Value:
        """Do `work` in one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def close(self) -> None:
        """Let go of all connections; calls that are under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for mailbox in self._open.values():
            with suppress(OSError):
                mailbox.close()
        self._open.clear()

    def _mailbox(self, key: str, credential: Credential) -> "Mailbox":
        """The open mailbox; two threads that open one at a time do no harm."""
        known = self._open.get(key)
        if known is not None:
            return known
        # Costs most of a second and 60 MB, so only where an Exchange account is connected.
        from calendar_ingest.adapters.exchange.opening import open_mailbox  # noqa: PLC0415

        while len(self._open) >= MAILBOXES_MAX:
            self._open.popitem(last=False)
        self._open[key] = open_mailbox(credential, self._settings)
        return self._open[key]

    def _note(self, operation: str, key: str, error: BaseException) -> None:
        if isinstance(error, GrantLostError):
            self._open.pop(key, None)
            result = "unauthorized"
        elif isinstance(error, Retryable):
            result = "throttled" if error.retry_after_s else "unavailable"
        else:
            result = "refused"
        metrics.PROVIDER_CALLS.labels("exchange", operation, result).inc()


def _fingerprint(credential: Credential) -> str:
    """Tells one password of an account from its next, without being one."""
    told = f"{credential.credential_id}:{credential.api_url}:{credential.account}:"
    told += credential.password.get_secret_value()
    return hashlib.sha256(told.encode()).hexdigest()
