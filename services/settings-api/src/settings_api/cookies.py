"""Cookies: the session's, and the one that ties an OAuth round trip to a browser."""

from starlette.requests import Request
from starlette.responses import Response

from settings_api.tokens import SESSION_LIFE, Session, Tokens

OAUTH_LIFE_S = 600


class Cookies:
    """Reads and sets cookies; over HTTPS they are bound to this very host."""

    def __init__(self, tokens: Tokens, *, public_url: str) -> None:
        self._tokens = tokens
        self._secure = public_url.startswith("https://")
        prefix = "__Host-" if self._secure else ""
        self._session = prefix + "tandem_session"
        self._oauth = prefix + "tandem_oauth"

    async def session_of(self, request: Request) -> Session | None:
        """The session that a request carries, while it is good."""
        token = request.cookies.get(self._session)
        return await self._tokens.session(token) if token else None

    def session_token(self, request: Request) -> str | None:
        """The session cookie's value."""
        return request.cookies.get(self._session)

    def oauth_of(self, request: Request) -> str | None:
        """The value that was set when the OAuth round trip began."""
        return request.cookies.get(self._oauth)

    def set_session(self, response: Response, token: str) -> None:
        """Sign the browser in."""
        self._set(response, self._session, token, int(SESSION_LIFE.total_seconds()))

    def set_oauth(self, response: Response, value: str) -> None:
        """Tie an OAuth round trip to the browser."""
        self._set(response, self._oauth, value, OAUTH_LIFE_S)

    def clear(self, response: Response) -> None:
        """Sign the browser out."""
        for name in (self._session, self._oauth):
            response.delete_cookie(
                name, path="/", secure=self._secure, httponly=True, samesite="lax"
            )

    def _set(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )
