"""Calls that services make to each other: who may call, and how errors are told.

The secret is `INTERNAL_TOKEN`, sent as a bearer token; errors are problem documents (RFC 9457).
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tandem.runtime.secrets import same_secret

Endpoint = Callable[[Request], Awaitable[Response]]
_SCHEME = "Bearer "


def problem(status: int, title: str, **extra: Any) -> JSONResponse:
    """A problem document; `title` says what is wrong and names the field."""
    return JSONResponse(
        {"type": "about:blank", "title": title, "status": status, **extra},
        status_code=status,
        media_type="application/problem+json",
    )


def bearer(token: SecretStr) -> dict[str, str]:
    """Headers of an internal call."""
    return {"authorization": _SCHEME + token.get_secret_value()}


def internal(token: SecretStr) -> Callable[[Endpoint], Endpoint]:
    """Let an endpoint answer only to calls that carry `token`."""

    def guard(endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        async def guarded(request: Request) -> Response:
            given = request.headers.get("authorization", "")
            if not given.startswith(_SCHEME) or not same_secret(
                given.removeprefix(_SCHEME), token.get_secret_value()
            ):
                return problem(401, "authorization: the internal token is missing or wrong")
            return await endpoint(request)

        return guarded

    return guard
