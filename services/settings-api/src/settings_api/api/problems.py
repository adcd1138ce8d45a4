"""Lets every error of the application leave as a problem document (RFC 9457)."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from settings_api.connections import UnknownConnectionError
from settings_api.problem import ProblemError
from tandem.runtime.failures import is_retryable

MEDIA_TYPE: Final = "application/problem+json"
_TITLES: Final = {
    404: "there is nothing at this address",
    405: "this address does not take this method",
}


class Problem(BaseModel):
    """`title` says what is wrong and the way out, `errors` which `field` and its `message`."""

    type: str
    title: str
    status: int
    errors: list[dict[str, str]] | None = None


_CONTENT: Final = {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
DOCUMENTED: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {
        "description": "What is wrong with the request; of 429, `Retry-After` tells how long",
        "content": _CONTENT,
    },
    "503": {
        "description": "Another part of Tandem, or a provider, does not answer; ask again later",
        "content": _CONTENT,
    },
}


def add_problem_handlers(app: FastAPI) -> None:
    """Answer the application's own errors, the framework's, and those that nobody expected."""

    @app.exception_handler(ProblemError)
    async def on_problem(_request: Request, error: ProblemError) -> JSONResponse:
        return document(error.status, error.title, error.errors, headers=error.headers)

    @app.exception_handler(UnknownConnectionError)
    async def on_unknown(_request: Request, _error: UnknownConnectionError) -> JSONResponse:
        return document(404, "connection: you have none with this id")

    @app.exception_handler(RequestValidationError)
    async def on_invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [{"field": _field(one), "message": str(one["msg"])} for one in error.errors()]
        first = errors[0]
        return document(422, f"{first['field']}: {first['message']}", errors)

    @app.exception_handler(HTTPException)
    async def on_http(_request: Request, error: HTTPException) -> JSONResponse:
        title = _TITLES.get(error.status_code, str(error.detail))
        return document(error.status_code, title, headers=error.headers)

    @app.exception_handler(Exception)
    async def on_unexpected(_request: Request, error: Exception) -> JSONResponse:
        if is_retryable(error):
            return document(503, "Tandem cannot reach its own data; try again in a moment")
        return document(500, "something went wrong in Tandem; try again")


def document(
    status: int,
    title: str,
    errors: list[dict[str, str]] | None = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A problem document as an answer."""
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
    if errors:
        body["errors"] = errors
    return JSONResponse(body, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def _field(error: dict[str, Any]) -> str:
    """The field that a validation error is about; broken JSON is the body's fault as a whole."""
    if error["type"] == "json_invalid":
        return "body"
    return ".".join(str(part) for part in error["loc"][1:]) or "body"
