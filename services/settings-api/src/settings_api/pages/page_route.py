"""Routes whose errors are pages, where a browser asks."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import RedirectResponse, Response

from settings_api.api.caller import parts_of
from settings_api.connections import UnknownConnectionError
from settings_api.pages.rendering import is_fragment, page
from settings_api.pages.visitor import SignInNeededError
from settings_api.problem import ProblemError

EVENT_STREAM: Final = "text/event-stream"

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    """A route for browsers; programs get the problem documents of the REST API."""

    def get_route_handler(self) -> Handler:
        """The handler, with its errors shown as a page."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except SignInNeededError:
                return _to_sign_in(request)
            except ProblemError as problem:
                if not _reads_pages(request):
                    raise
                answer = await _trouble(request, problem.status, problem.title)
                answer.headers.update(problem.headers)
                return answer
            except UnknownConnectionError:
                if not _reads_pages(request):
                    raise
                return await _trouble(request, 404, "connection: you have none with this id")
            except RequestValidationError:
                if not _reads_pages(request):
                    raise
                return await _trouble(request, 422, "this address or form is not complete")

        return handled


def _reads_pages(request: Request) -> bool:
    return is_fragment(request) or "text/html" in request.headers.get("accept", "")


def _to_sign_in(request: Request) -> Response:
    """The way to the sign-in, as each kind of request can follow it."""
    if request.headers.get("accept") == EVENT_STREAM:
        return Response("event: signed-out\ndata:\n\n", media_type=EVENT_STREAM)
    if is_fragment(request):
        return Response(status_code=204, headers={"hx-redirect": "/"})
    return RedirectResponse("/", 303)


async def _trouble(request: Request, status: int, title: str) -> Response:
    session = await parts_of(request).cookies.session_of(request)
    template = "_trouble.html" if is_fragment(request) else "trouble.html"
    return page(request, template, session, status=status, title=title)
