"""Errors of the REST API as problem documents (RFC 9457): what is wrong, and the way out."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from settings_api.connections import UnknownConnectionError

_TITLES = {404: "there is nothing at this address", 405: "this address does not take this method"}


class ProblemError(Exception):
    """An error with the status and the title that the caller gets; `errors` name fields."""

    def __init__(
        self, status: int, title: str, *, errors: list[dict[str, str]] | None = None
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.errors = errors or []


def field_problem(field: str, message: str) -> ProblemError:
    """One field is not what it must be."""
    return ProblemError(422, f"{field}: {message}", errors=[{"field": field, "message": message}])


def add_problem_handlers(app: FastAPI) -> None:
    """Let every error of the application leave as a problem document."""

    @app.exception_handler(ProblemError)
    async def on_problem(_request: Request, error: ProblemError) -> JSONResponse:
        return _document(error.status, error.title, error.errors)

    @app.exception_handler(UnknownConnectionError)
    async def on_unknown(_request: Request, _error: UnknownConnectionError) -> JSONResponse:
        return _document(404, "connection: you have none with this id", [])

    @app.exception_handler(RequestValidationError)
    async def on_invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {
                "field": ".".join(str(part) for part in one["loc"][1:]) or "body",
                "message": str(one["msg"]),
            }
            for one in error.errors()
        ]
        first = errors[0]
        return _document(422, f"{first['field']}: {first['message']}", errors)

    @app.exception_handler(HTTPException)
    async def on_http(_request: Request, error: HTTPException) -> JSONResponse:
        title = _TITLES.get(error.status_code, str(error.detail))
        return _document(error.status_code, title, [], headers=error.headers)


def _document(
    status: int, title: str, errors: list[dict[str, str]], headers: Any = None
) -> JSONResponse:
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
    if errors:
        body["errors"] = errors
    return JSONResponse(
        body, status_code=status, headers=headers, media_type="application/problem+json"
    )
