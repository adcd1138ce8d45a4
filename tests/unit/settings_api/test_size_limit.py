"""Bodies that are too large, however they come."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from settings_api.size_limit import BODY_BYTES_MAX, SizeLimit


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)))(scope, receive, send)


async def _pieces(total: int) -> AsyncIterator[bytes]:
    for start in range(0, total, 10_000):
        yield b"x" * min(10_000, total - start)


async def _post(content: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app=SizeLimit(_echo))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        return await client.post("/", content=content)


@pytest.mark.parametrize("size", [0, 1, BODY_BYTES_MAX])
async def test_a_body_within_the_limit_arrives_whole(size: int):
    assert (await _post(b"x" * size)).text == str(size)
    assert (await _post(_pieces(size))).text == str(size)


async def test_a_body_beyond_the_limit_is_refused_whether_or_not_it_tells_its_length():
    for content in (b"x" * (BODY_BYTES_MAX + 1), _pieces(BODY_BYTES_MAX + 1)):
        answer = await _post(content)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert json.loads(answer.text)["title"] == "body: at most 65536 bytes"


async def test_a_body_that_breaks_off_is_not_acted_upon():
    acted: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        acted.append(scope)

    messages = [
        {"type": "http.request", "body": b"{}", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    await SizeLimit(app)({"type": "http", "headers": []}, receive, send)
    assert acted == []
    assert sent[0]["status"] == 413
