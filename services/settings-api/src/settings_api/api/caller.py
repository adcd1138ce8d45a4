"""Who calls: a browser's session, or a program's API token. Writes of a browser carry its token."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request

from settings_api.parts import Parts
from settings_api.problem import ProblemError
from settings_api.tokens import Session
from settings_api.user import User
from tandem.runtime.secrets import same_secret

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_SCHEME: Final = "bearer "


@dataclass(frozen=True)
class Caller:
    """The user, and his session where a browser calls."""

    user: User
    session: Session | None


def parts_of(request: Request) -> Parts:
    """The parts of the service that answers."""
    parts: Parts = request.app.state.parts
    return parts


async def caller_of(request: Request) -> Caller:
    """Who calls; ProblemError 401 for nobody, 403 for a write without its token."""
    parts = parts_of(request)
    authorization = request.headers.get("authorization", "")
    if authorization.lower().startswith(_SCHEME):
        user = await parts.tokens.user_of_api_token(authorization[len(_SCHEME) :].strip())
        if user is None:
            raise ProblemError(401, "authorization: the API token is not known; make a new one")
        return Caller(user, None)
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
CurrentParts = Annotated[Parts, Depends(parts_of)]
