"""Says in the description of the API who may call what, as the dependencies of each route have it.

A browser calls by its session, and carries its CSRF token with each write; a program calls by an
API token whose scope is wide enough.
"""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from settings_api.api.caller import SAFE_METHODS, admin_caller, caller_of
from settings_api.cookies import Cookies
from settings_api.tokens import Scope

_SESSION: Final = "session"
_CSRF: Final = "csrf"
_PROGRAM: Final = "api_token"
_SCOPES: Final = {
    Scope.READ: "look",
    Scope.WRITE: "change what is the user's own",
    Scope.ADMIN: "make and end API tokens, and see the company's connections, for its admins",
}


def describe_security(app: FastAPI, cookies: Cookies) -> None:
    """Add the security schemes, and what each operation asks for, to the app's description."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        known = app.openapi_schema is not None
        document = plain()
        if not known:
            document["components"]["securitySchemes"] = _schemes(cookies)
            for path, method, needed in _asked(app):
                document["paths"][path][method.lower()]["security"] = _either(method, needed)
        return document

    app.openapi = described  # type: ignore[method-assign]


def _schemes(cookies: Cookies) -> dict[str, Any]:
    scopes = "; ".join(f"`{scope}`: {text}" for scope, text in _SCOPES.items())
    return {
        _SESSION: {
            "type": "apiKey",
            "in": "cookie",
            "name": cookies.session_name,
            "description": "A browser's session, which begins at `/oauth/pipedrive/start`.",
        },
        _CSRF: {
            "type": "apiKey",
            "in": "header",
            "name": "X-CSRF-Token",
            "description": "The session's `csrf_token` of `GET /api/v1/me`, with each write.",
        },
        _PROGRAM: {
            "type": "http",
            "scheme": "bearer",
            "description": f"An API token. Each scope includes those before it. {scopes}",
        },
    }


def _either(method: str, needed: Scope) -> list[dict[str, list[str]]]:
    """The two ways in; OpenAPI 3.1 lets a requirement of any kind name its roles."""
    session: dict[str, list[str]] = {_SESSION: []}
    if method not in SAFE_METHODS:
        session[_CSRF] = []
    return [session, {_PROGRAM: [needed]}]


def _asked(app: FastAPI) -> Iterator[tuple[str, str, Scope]]:
    """Path, method and needed scope of every operation that asks who calls."""
    for route in _routes(app):
        calls = set(_calls(route.dependant))
        if not route.include_in_schema or caller_of not in calls:
            continue
        for method in sorted(route.methods or ()):
            if admin_caller in calls:
                yield route.path, method, Scope.ADMIN
            else:
                safe = method in SAFE_METHODS
                yield route.path, method, Scope.READ if safe else Scope.WRITE


def _routes(app: FastAPI) -> Iterator[APIRoute]:
    """Every route, however it was added."""
    pending: list[Any] = list(app.routes)
    while pending:
        route = pending.pop()
        included = getattr(route, "original_router", None)
        if included is not None:
            pending += included.routes
        elif isinstance(route, APIRoute):
            yield route


def _calls(dependant: Dependant) -> Iterator[Any]:
    for one in dependant.dependencies:
        yield one.call
        yield from _calls(one)
