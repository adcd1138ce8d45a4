"""Background writes to a mailbox that come at the same moment go to Graph as one (`$batch`).

Each is answered by itself, as if it had been sent alone.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import httpx

from calendar_ingest.adapters.microsoft.request import GraphRequest
from calendar_ingest.calendars import Account
from tandem.runtime.failures import Retryable

REQUESTS_MAX: Final = 20
_HEADERS: Final = {"accept": "application/json", "content-type": "application/json"}

Answer = tuple[httpx.Response, bytes]
Send = Callable[[Account, GraphRequest, Mapping[str, str]], Awaitable[Answer]]


@dataclass(frozen=True)
class _Waiting:
    request: GraphRequest
    headers: Mapping[str, str]
    answer: asyncio.Future[Answer]


class Batches:
    """Gathers by mailbox; `send` sends one request below `base`, whatever is in it."""

    def __init__(self, base: str, send: Send) -> None:
        self._base = base
        self._send = send
        self._waiting: dict[UUID, list[_Waiting]] = {}
        self._sending: set[asyncio.Task[None]] = set()

    async def send(
        self, account: Account, request: GraphRequest, headers: Mapping[str, str]
    ) -> Answer:
        """Send a request with those that others send now."""
        one = _Waiting(request, headers, asyncio.get_running_loop().create_future())
        gathered = self._waiting.setdefault(account.credential_id, [])
        gathered.append(one)
        if len(gathered) == 1:
            # It runs once everybody who is at work now had his turn.
            task = asyncio.create_task(self._send_gathered(account))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return await one.answer

    async def _send_gathered(self, account: Account) -> None:
        gathered = self._waiting.pop(account.credential_id)
        try:
            for first in range(0, len(gathered), REQUESTS_MAX):
                together = gathered[first : first + REQUESTS_MAX]
                for one, answer in zip(
                    together, await self._answers(account, together), strict=True
                ):
                    if not one.answer.done():
                        one.answer.set_result(answer)
        except Exception as error:  # noqa: BLE001 - it is raised where the requests came from
            for one in gathered:
                if not one.answer.done():
                    one.answer.set_exception(error)
        finally:
            for one in gathered:
                one.answer.cancel()

    async def _answers(self, account: Account, together: Sequence[_Waiting]) -> list[Answer]:
        if len(together) == 1:
            [one] = together
            return [await self._send(account, one.request, one.headers)]
        requests = [self._part(number, one) for number, one in enumerate(together)]
        batch = GraphRequest(
            "POST", f"{self._base}/$batch", json.dumps({"requests": requests}).encode()
        )
        response, content = await self._send(account, batch, _HEADERS)
        if not response.is_success:
            return [(response, content)] * len(together)
        parts = _parts(content)
        return [_answer(parts, str(number)) for number in range(len(together))]

    def _part(self, number: int, one: _Waiting) -> dict[str, Any]:
        part: dict[str, Any] = {
            "id": str(number),
            "method": one.request.method,
            "url": one.request.url.removeprefix(self._base),
            "headers": dict(one.headers),
        }
        if one.request.content:
            part["body"] = json.loads(one.request.content)
        return part


def _parts(content: bytes) -> dict[str, dict[str, Any]]:
    """The answers within a batch's, by their numbers."""
    try:
        return {str(one["id"]): one for one in json.loads(content)["responses"]}
    except (ValueError, KeyError, TypeError) as error:
        raise Retryable("microsoft: the answer is not what it should be") from error


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
