"""Owns the troubles that a test arms: which call goes wrong, how, and how often.

A fault is used up exactly ``times`` times; faults of requests and of deliveries never take
each other's turns.
"""

import asyncio
from collections.abc import Iterable
from enum import StrEnum
from fnmatch import fnmatchcase
from itertools import count
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

FAULTS_MAX = 1000

Provider = Literal["pipedrive", "google", "microsoft", "exchange"]


class FaultKind(StrEnum):
    """What goes wrong."""

    LATENCY = "latency_ms"
    """The request is answered well, ``ms`` later."""
    STATUS = "status"
    """The request is not carried out and answered with ``status``."""
    TIMEOUT_AFTER_WRITE = "timeout_after_write"
    """The request is carried out; after ``ms`` the connection breaks without an answer."""
    GONE = "gone_410"
    """The cursor or sync token of the request is said to be expired."""
    HTML_403 = "html_403"
    """A gateway's page instead of JSON."""
    DROP_WEBHOOK = "drop_webhook"
    """A delivery is lost without a trace."""
    DOUBLE_WEBHOOK = "double_webhook"
    """A delivery is made twice."""
    DELAY_WEBHOOK = "delay_webhook_ms"
    """A delivery is made ``ms`` later, and later ones overtake it."""


DELIVERY_KINDS = frozenset(
    {FaultKind.DROP_WEBHOOK, FaultKind.DOUBLE_WEBHOOK, FaultKind.DELAY_WEBHOOK}
)
REQUEST_KINDS = frozenset(FaultKind) - DELIVERY_KINDS


class FaultOrder(BaseModel):
    """A fault as a test asks for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: Provider
    operation: str = Field(default="*", min_length=1, max_length=100)
    """Glob over operation names, such as ``activities.create`` or ``events.*``."""
    account: str | None = Field(default=None, max_length=320)
    """E-mail of the user or mailbox; none means everybody."""
    kind: FaultKind
    times: int = Field(default=1, ge=1, le=1_000_000)
    ms: int = Field(default=0, ge=0, le=600_000)
    status: int = Field(default=503, ge=400, le=599)
    reason: str | None = Field(default=None, max_length=100)
    """The vendor's reason code, such as ``quotaExceeded``, where the provider has such."""
    retry_after: int | None = Field(default=None, ge=0, le=86_400)
    """Seconds for the ``Retry-After`` header."""


class Fault(FaultOrder):
    """An armed fault and how many turns it has left."""

    id: int
    left: int

    def holds_for(self, provider: str, operation: str, account: str | None) -> bool:
        """Whether this fault means a call of ``operation`` by ``account``."""
        return (
            self.provider == provider
            and fnmatchcase(operation, self.operation)
            and (self.account is None or self.account == account)
        )

    async def hold(self) -> None:
        """Wait as long as the fault says."""
        if self.ms:
            await asyncio.sleep(self.ms / 1000)


class FaultBook:
    """The armed faults in the order of arming."""

    def __init__(self) -> None:
        self._armed: dict[int, Fault] = {}
        self._ids = count(1)

    def arm(self, order: FaultOrder) -> Fault:
        """Arm a fault.

        Raises:
            ValueError: more than ``FAULTS_MAX`` are armed.
        """
        if len(self._armed) >= FAULTS_MAX:
            raise ValueError(f"faults: at most {FAULTS_MAX} can be armed")
        fault = Fault(**order.model_dump(), id=next(self._ids), left=order.times)
        self._armed[fault.id] = fault
        return fault

    def take(
        self,
        provider: str,
        operation: str,
        account: str | None,
        *,
        kinds: Iterable[FaultKind] = REQUEST_KINDS,
    ) -> Fault | None:
        """Use up one turn of the first fault that means this call, if any."""
        wanted = frozenset(kinds)
        for fault in self._armed.values():
            if fault.kind in wanted and fault.holds_for(provider, operation, account):
                left = fault.left - 1
                if left:
                    self._armed[fault.id] = fault.model_copy(update={"left": left})
                else:
                    del self._armed[fault.id]
                return fault
        return None

    def armed(self) -> list[Fault]:
        """All faults that have turns left."""
        return list(self._armed.values())

    def disarm(self, fault_id: int) -> bool:
        """Take a fault back; tells whether there was one."""
        return self._armed.pop(fault_id, None) is not None

    def reset(self) -> None:
        """Take all faults back."""
        self._armed.clear()


class AnswerLostError(ConnectionError):
    """The answer of a request that was carried out got lost, as ordered by a fault."""


class LostAnswer(Response):
    """An answer that breaks off: the client sees a dropped connection, never a status it can use.

    Headers that promise a body go out first, because a server turns an error before them
    into a plain 500.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self._fault = fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Wait, promise a body, and break off."""
        await self._fault.hold()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1048576")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        raise AnswerLostError("the answer was dropped by a fault")
