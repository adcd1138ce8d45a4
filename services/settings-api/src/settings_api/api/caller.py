"""Who calls: a browser's session, or a program's API token, and whether it may.

Writes of a browser carry its CSRF token; an API token does what its scope lets it.
"""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request

from settings_api.parts import Parts
from settings_api.problem import ProblemError
from settings_api.rates import Rate
from settings_api.tokens import Scope, Session
from settings_api.user import User
from tandem.runtime.secrets import same_secret

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_SCHEME: Final = "bearer "
_KNOWN: Final = "tandem.caller"


@dataclass(frozen=True)
class Caller:
    """The user, his session where a browser calls, and what he may do by this way."""

    user: User
    session: Session | None
    scope: Scope = Scope.ADMIN


def parts_of(request: Request) -> Parts:
    """The parts of the service that answers."""
    parts: Parts = request.app.state.parts
    return parts


async def caller_of(request: Request) -> Caller:
    """Who calls, each request counted once.

    ProblemError 401 for nobody, 403 for a write without its token or beyond its scope, 429 for
    one call too many.
    """
    known: Caller | None = request.scope.get(_KNOWN)
    if known is not None:
        return known
    caller = await _identified(request)
    writes = request.method not in SAFE_METHODS
    if writes:
        check_scope(caller, Scope.WRITE)
    rate = Rate.WRITES if writes else Rate.READS
    await parts_of(request).rates.take_of_user(rate, caller.user.key)
    request.scope[_KNOWN] = caller
    return caller


async def admin_caller(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
    """Who calls for what needs the widest scope; ProblemError 403 where it is not given."""
    check_scope(caller, Scope.ADMIN)
    return caller


def check_scope(caller: Caller, needed: Scope) -> None:
    """ProblemError 403 where the API token may not do so much."""
    if not caller.scope.covers(needed):
        raise ProblemError(
            403,
            f"scope: this API token may only {caller.scope}, this needs {needed}; make another",
        )


async def _identified(request: Request) -> Caller:
    parts = parts_of(request)
    authorization = request.headers.get("authorization", "")
    if authorization.lower().startswith(_SCHEME):
        known = await parts.tokens.user_of_api_token(authorization[len(_SCHEME) :].strip())
        if known is None:
            raise ProblemError(401, "authorization: the API token is not known; make a new one")
        user, scope = known
        return Caller(user, None, scope)
    session = await parts.cookies.session_of(request)
    if session is None:
        raise ProblemError(401, "sign in at /oauth/pipedrive/start, or send an API token")
    if request.method not in SAFE_METHODS:
        check_csrf(request, session)
    return Caller(session.user, session)


def check_csrf(request: Request, session: Session) -> None:
    """ProblemError 403 for a browser's write that another site may have made it send."""
    if not same_secret(request.headers.get("x-csrf-token"), session.csrf_token):
        raise ProblemError(403, "X-CSRF-Token: send the csrf_token of GET /api/v1/me")


CurrentCaller = Annotated[Caller, Depends(caller_of)]
AdminCaller = Annotated[Caller, Depends(admin_caller)]
CurrentParts = Annotated[Parts, Depends(parts_of)]
