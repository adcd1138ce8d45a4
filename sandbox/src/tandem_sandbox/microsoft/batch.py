"""`$batch`: up to twenty requests in one, each answered as if it had come alone."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response

from tandem_sandbox.microsoft import errors
from tandem_sandbox.microsoft.ask import Answer, Ask

REQUESTS_MAX = 20
FAILED = 424

Serve = Callable[[str, str, Headers, bytes], Awaitable[Response]]


class Batch:
    """Splits a batch; `serve` answers one request by method, path with query, headers and body."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve

    async def run(self, ask: Ask) -> Answer:
        """Answer all requests of a batch, one that depends on a failed one with 424.

        Raises:
            GraphError: there are too many, or two with the same id.
        """
        requests = ask.body().get("requests") or []
        numbers = [str(one.get("id")) for one in requests]
        if not 0 < len(requests) <= REQUESTS_MAX or len(set(numbers)) < len(numbers):
            raise errors.invalid("The batch request is not valid.", "BadRequest")
        answers: dict[str, dict[str, Any]] = {}
        for one in requests:
            failed = [
                name
                for name in one.get("dependsOn") or ()
                if answers.get(str(name), {}).get("status", FAILED) >= 400  # noqa: PLR2004
            ]
            number = str(one["id"])
            answers[number] = (
                {"id": number, "status": FAILED, "headers": {}, "body": {}}
                if failed
                else {"id": number, **await self._one(ask, one)}
            )
        return Answer({"responses": list(answers.values())})

    async def _one(self, ask: Ask, one: dict[str, Any]) -> dict[str, Any]:
        headers = {
            **{name.lower(): str(value) for name, value in (one.get("headers") or {}).items()},
            "authorization": ask.headers.get("authorization", ""),
        }
        content = json.dumps(one["body"]).encode() if one.get("body") is not None else b""
        response = await self._serve(
            str(one.get("method") or "GET").upper(), str(one.get("url")), Headers(headers), content
        )
        answer: dict[str, Any] = {
            "status": response.status_code,
            "headers": {name.title(): value for name, value in response.headers.items()},
        }
        if response.body:
            answer["body"] = json.loads(bytes(response.body))
        return answer


def query_of(url: str) -> tuple[str, QueryParams]:
    """Path and query of an address within a batch."""
    path, _, query = url.partition("?")
    return "/" + unquote(path.strip("/")), QueryParams(query)
