"""Several requests to Google as one (`multipart/mixed`), and the answers that came back in it.

Google takes fifty of them at most, counts each by itself, and may carry them out in any order.
"""

import re
from collections.abc import Mapping, Sequence
from email.message import Message
from email.parser import BytesParser
from typing import Final
from uuid import uuid4

import httpx

from calendar_ingest.adapters.gathering import Answer
from calendar_ingest.adapters.request import TOGETHER_TIMEOUT, Request
from tandem.runtime.failures import Retryable

REQUESTS_MAX: Final = 50
_OF_THE_WHOLE: Final = {"accept-encoding", "user-agent"}
"""Headers that say nothing of a single request."""
_NUMBER: Final = re.compile(r"<response-item-(\d+)>")


def as_one(url: str, requests: Sequence[Request]) -> Request:
    """The request to the batch endpoint `url` that holds all of these."""
    boundary = uuid4().hex
    parts = [
        _lines(
            f"--{boundary}",
            "Content-Type: application/http",
            "Content-Transfer-Encoding: binary",
            f"Content-ID: <item-{number}>",
            "",
        )
        + _written(request)
        for number, request in enumerate(requests)
    ]
    content = b"\r\n".join([*parts, _lines(f"--{boundary}--")])
    headers = {"content-type": f"multipart/mixed; boundary={boundary}"}
    return Request("POST", url, content, headers, TOGETHER_TIMEOUT)


def apart(answer: Answer, count: int) -> list[Answer]:
    """The answers to `count` requests; where the whole was not taken, that is the answer to all."""
    response, content = answer
    if not response.is_success:
        return [answer] * count
    head = _lines(f"Content-Type: {response.headers.get('content-type', '')}", "")
    parts = BytesParser().parsebytes(head + content).get_payload()
    if not isinstance(parts, list):
        raise Retryable("google: the answer is not what it should be")
    answers = dict(_read(part) for part in parts if isinstance(part, Message))
    unanswered = httpx.Response(httpx.codes.SERVICE_UNAVAILABLE), b""
    return [answers.get(number, unanswered) for number in range(count)]


def _written(request: Request) -> bytes:
    target = httpx.URL(request.url).raw_path.decode("ascii")
    headers = {name: value for name, value in request.headers.items() if name not in _OF_THE_WHOLE}
    if request.content:
        headers["content-length"] = str(len(request.content))
    told = [f"{name}: {value}" for name, value in headers.items()]
    return _lines(f"{request.method} {target} HTTP/1.1", *told, "") + request.content


def _read(part: Message) -> tuple[int, Answer]:
    """Which request a part answers, and its answer as if it had come alone."""
    number = _NUMBER.fullmatch(part.get("Content-ID", "").strip())
    payload = part.get_payload(decode=True)
    first, _, rest = (payload if isinstance(payload, bytes) else b"").partition(b"\n")
    status = re.match(rb"HTTP/[\d.]+ (\d{3})\b", first)
    if number is None or status is None:
        raise Retryable("google: the answer is not what it should be")
    inner = BytesParser().parsebytes(rest)
    content = inner.get_payload(decode=True)
    return int(number[1]), (
        httpx.Response(int(status[1]), headers=_kept(inner)),
        content if isinstance(content, bytes) else b"",
    )


def _kept(inner: Message) -> Mapping[str, str]:
    told = inner.get("Retry-After")
    return {} if told is None else {"retry-after": told}


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")
