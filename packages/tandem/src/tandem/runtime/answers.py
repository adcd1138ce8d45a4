"""What comes back from a provider: of bounded size, and without personal words in its errors."""

import re
from typing import Any, Final

import httpx

ANSWER_BYTES_MAX: Final = 32 * 1024 * 1024
DETAIL_LENGTH_MAX: Final = 200
_PERSONAL: Final = re.compile(r"[^\s@]+@[^\s@]+|https?://\S+")


async def content_of(response: httpx.Response) -> bytes | None:
    """The body of a streamed answer; None where it is larger than `ANSWER_BYTES_MAX`."""
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > ANSWER_BYTES_MAX:
            return None
    return bytes(content)


def object_of(response: httpx.Response) -> dict[str, Any] | None:
    """The JSON object that an answer holds; None where it holds something else."""
    try:
        answer = response.json()
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def impersonal(text: str) -> str:
    """A provider's own words without addresses of people or pages."""
    return _PERSONAL.sub("…", text)


def seconds_of(header: str | None) -> float | None:
    """Seconds that a header such as `retry-after` tells; None where it tells something else."""
    try:
        return max(float(header), 0.0) if header else None
    except ValueError:
        return None
