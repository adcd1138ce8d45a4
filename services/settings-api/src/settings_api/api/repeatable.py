"""Routes whose writes can be repeated safely, by the header `Idempotency-Key`."""

import json
import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from settings_api.api.caller import caller_of, parts_of
from settings_api.problem import field_problem
from settings_api.repeats import Claim, KeptAnswer

HEADER: Final = "idempotency-key"
REPLAYED: Final = "idempotency-replayed"
SHOWN_ONCE: Final = {"x-shown-once": True}
"""Said of a route whose answer is not kept."""
_PATTERN: Final = r"^[\x21-\x7e]{1,200}$"
_KEPT_HEADERS: Final = frozenset({"content-type", "etag", "set-cookie"})

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


async def _documented(
    _idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            pattern=_PATTERN,
            description="The same key with the same request does it once, for a day.",
        ),
    ] = None,
) -> None:
    """Tell of the header in the description of the API."""


REPEATABLE: Final = Depends(_documented)


class RepeatableRoute(APIRoute):
    """A route that answers a repeated POST with its first answer, and does nothing then."""

    def get_route_handler(self) -> Handler:
        """The handler, asked only for what has not been done yet."""
        handle = super().get_route_handler()
        if "POST" not in (self.methods or ()):
            return handle
        secret = self.openapi_extra == SHOWN_ONCE

        async def handled(request: Request) -> Response:
            key = request.headers.get(HEADER)
            if key is None:
                return await handle(request)
            if re.fullmatch(_PATTERN, key) is None:
                raise field_problem("Idempotency-Key", "1 to 200 visible ASCII characters")
            caller, repeats = await caller_of(request), parts_of(request).repeats
            claimed = await repeats.claim(caller.user.key, key, request=await _fingerprint(request))
            if isinstance(claimed, KeptAnswer):
                return _replayed(claimed)
            return await _done(request, handle, claimed, secret=secret)

        return handled


async def _done(request: Request, handle: Handler, claim: Claim, *, secret: bool) -> Response:
    """The answer, which is kept where something was done."""
    repeats = parts_of(request).repeats
    try:
        response = await handle(request)
    except BaseException:
        await repeats.release(claim)
        raise
    if response.status_code >= 400:  # noqa: PLR2004 - a refusal
        await repeats.release(claim)
        return response
    headers = [one for one in response.headers.items() if one[0] in _KEPT_HEADERS]
    body = bytes(response.body).decode()
    answer = KeptAnswer(status=response.status_code, headers=headers, body=body)
    await repeats.keep(claim, answer, secret=secret)
    return response


def _replayed(answer: KeptAnswer) -> Response:
    response = Response(answer.body, answer.status)
    for name, value in [*answer.headers, (REPLAYED, "true")]:
        response.headers.append(name, value)
    return response


async def _fingerprint(request: Request) -> bytes:
    """What makes two requests the same."""
    target = json.dumps([request.method, request.url.path, request.url.query])
    return target.encode() + b"\n" + await request.body()
