"""The REST API of settings-api as the commands use it."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Self
from uuid import UUID, uuid4

import click
import httpx

TIMEOUT_S: Final = 30.0
TRIES_MAX: Final = 3
PAUSE_MAX_S: Final = 60.0
PAGE_ROWS: Final = 200
_PAUSE_S: Final = 1.0
_LATER: Final = frozenset({429, 503})


class RefusedError(click.ClickException):
    """Tandem does not do it; the message is what it says, and what to do."""


class Api:
    """Calls with a bearer token; every POST carries a key, so that trying again does it once."""

    def __init__(
        self,
        address: str,
        token: str,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = httpx.Client(
            base_url=address.rstrip("/"),
            headers={"authorization": f"Bearer {token}", "accept": "application/json"},
            timeout=TIMEOUT_S,
            transport=transport,
        )
        self._sleep = sleep

    def __enter__(self) -> Self:
        """Ready to call."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close what is open."""
        self._http.close()

    def get(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """What is at a path; RefusedError where there is nothing."""
        return self._call("GET", path, params=dict(params or {}))

    def post(self, path: str, body: Any = None) -> dict[str, Any]:
        """Have something done; RefusedError where it is not."""
        return self._call("POST", path, json=body, headers={"idempotency-key": str(uuid4())})

    def rows(self, path: str, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Every row of a list that comes in pages."""
        asked = {"limit": str(PAGE_ROWS), **params}
        while True:
            page = self.get(path, asked)
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            asked["cursor"] = page["next_cursor"]

    def connection(self, named: str) -> str:
        """Path of a connection that is named by its id or by its address."""
        try:
            return f"/api/v1/connections/{UUID(named)}"
        except ValueError:
            items = self.get("/api/v1/connections")["items"]
        found = [one["id"] for one in items if one["email"] == named.lower()]
        if len(found) != 1:
            raise RefusedError(f"{named}: {len(found)} of your connections have this address")
        return f"/api/v1/connections/{found[0]}"

    def _call(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        for attempt in range(1, TRIES_MAX + 1):
            try:
                answer = self._http.request(method, path, **request)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                if attempt == TRIES_MAX or isinstance(error, httpx.InvalidURL):
                    raise RefusedError(
                        f"{self._http.base_url} does not answer ({type(error).__name__})"
                    ) from error
                self._sleep(_PAUSE_S)
                continue
            if answer.status_code not in _LATER or attempt == TRIES_MAX:
                break
            self._sleep(_pause_of(answer))
        return _told(answer)


def _pause_of(answer: httpx.Response) -> float:
    told = answer.headers.get("retry-after", "")
    return min(float(told), PAUSE_MAX_S) if told.isdigit() else _PAUSE_S


def _told(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json() if answer.content else {}
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise RefusedError(f"{answer.status_code}: this is not Tandem's REST API")
    if not answer.is_success:
        raise RefusedError(f"{answer.status_code}: {body.get('title') or 'refused'}")
    return body
