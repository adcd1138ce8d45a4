"""Several requests to Graph as one (`$batch`), and the answers that came back in it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx

from calendar_ingest.adapters.gathering import Answer
from calendar_ingest.adapters.request import TOGETHER_TIMEOUT, Request
from tandem.runtime.failures import Retryable

REQUESTS_MAX: Final = 20
_HEADERS: Final = {"accept": "application/json", "content-type": "application/json"}


def as_one(base: str, requests: Sequence[Request]) -> Request:
    """The request that holds all of these, which are below `base`."""
    parts = [_part(base, number, request) for number, request in enumerate(requests)]
    content = json.dumps({"requests": parts}).encode()
    return Request("POST", f"{base}/$batch", content, _HEADERS, TOGETHER_TIMEOUT)


def apart(answer: Answer, count: int) -> list[Answer]:
    """The answers to `count` requests; where the whole was not taken, that is the answer to all."""
    response, content = answer
    if not response.is_success:
        return [answer] * count
    try:
        parts = {str(one["id"]): one for one in json.loads(content)["responses"]}
    except (ValueError, KeyError, TypeError) as error:
        raise Retryable("microsoft: the answer is not what it should be") from error
    return [_answer(parts, str(number)) for number in range(count)]


def _part(base: str, number: int, request: Request) -> dict[str, Any]:
    part: dict[str, Any] = {
        "id": str(number),
        "method": request.method,
        "url": request.url.removeprefix(base),
        "headers": dict(request.headers),
    }
    if request.content:
        part["body"] = json.loads(request.content)
    return part


def _answer(parts: Mapping[str, dict[str, Any]], number: str) -> Answer:
    """One answer of a batch, as if it had come alone; what was not answered is tried again."""
    part = parts.get(number, {"status": httpx.codes.SERVICE_UNAVAILABLE})
    body = part.get("body")
    content = b"" if body is None else json.dumps(body).encode()
    headers = {
        name: str(value)
        for name, value in (part.get("headers") or {}).items()
        if name.lower() == "retry-after"
    }
    return httpx.Response(int(part["status"]), headers=headers), content
