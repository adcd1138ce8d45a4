"""How often somebody may ask: limits that hold over all copies of the service.

A bucket holds a minute's worth and drains evenly. Only the moment at which it will be empty again
is kept, so that one statement asks and takes.
"""

import math
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from typing import Final

from starlette.requests import Request

from settings_api.problem import ProblemError
from settings_api.repository import QUERIES
from settings_api.settings import Settings
from tandem.contracts.message import SyncUser
from tandem.runtime.app import Runtime

MINUTE: Final = timedelta(minutes=1)
_NETWORK_BITS: Final = 64


class Rate(StrEnum):
    """What is counted."""

    READS = "reads"
    WRITES = "writes"
    SIGN_INS = "sign_ins"


class Rates:
    """The table `settings.rates`; addresses are kept as hashes."""

    def __init__(self, runtime: Runtime, settings: Settings) -> None:
        self._runtime = runtime
        self._per_minute = {
            Rate.READS: settings.reads_per_minute,
            Rate.WRITES: settings.writes_per_minute,
            Rate.SIGN_INS: settings.sign_ins_per_minute,
        }

    async def take_of_user(self, rate: Rate, user: SyncUser) -> None:
        """Count a call of a user; ProblemError 429 where it is one too many."""
        await self._take(rate, f"{rate}:{user.key}")

    async def take_of_address(self, rate: Rate, request: Request) -> None:
        """Count a call from an address; ProblemError 429 where it is one too many."""
        network = _network_of(request.client.host if request.client else "")
        await self._take(rate, f"{rate}:{sha256(network.encode()).hexdigest()[:32]}")

    async def _take(self, rate: Rate, bucket: str) -> None:
        now, interval = self._runtime.clock.now(), MINUTE / self._per_minute[rate]
        taken = await QUERIES.take_of_rate(
            self._runtime.pool, bucket=bucket, now=now, interval=interval, most=MINUTE
        )
        if taken is not None:
            return
        empty_at = await QUERIES.rate_empty_at(self._runtime.pool, bucket=bucket)
        wait = (empty_at + interval - MINUTE - now) if empty_at else interval
        seconds = max(1, math.ceil(wait.total_seconds()))
        raise ProblemError(
            429,
            f"too many {rate.replace('_', '-')}: at most {self._per_minute[rate]} a minute;"
            f" try again in {seconds} s",
            headers={"retry-after": str(seconds)},
        )


def _network_of(host: str) -> str:
    """One subscriber: an IPv4 address, or the network that an IPv6 subscriber has to himself."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(int(address) >> _NETWORK_BITS)
