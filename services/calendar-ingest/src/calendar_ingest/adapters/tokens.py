"""Where adapters get access tokens from."""

from typing import Protocol

from calendar_ingest.calendars import Account


class Tokens(Protocol):
    """Access tokens of accounts."""

    async def token(self, account: Account, *, stale: str = "") -> str:
        """An access token that holds; `stale` is one that was just refused."""
        ...
