"""A request to a provider, whoever built it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

TOGETHER_TIMEOUT: Final = httpx.Timeout(25.0, connect=5.0)
"""Many requests in one take longer than one, but must end before their mailbox's lease does."""


@dataclass(frozen=True)
class Request:
    """What is sent; the client adds the account's token, and its own timeout where none is told."""

    method: str
    url: str
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: httpx.Timeout | None = None

    def options(self, token: str) -> dict[str, Any]:
        """How httpx is to send it, signed."""
        headers = {**self.headers, "authorization": f"Bearer {token}"}
        timeout = {} if self.timeout is None else {"timeout": self.timeout}
        return {"content": self.content, "headers": headers, **timeout}
