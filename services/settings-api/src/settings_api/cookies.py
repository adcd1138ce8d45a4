"""Cookies: of the session, of its CSRF token, and one that ties OAuth round trips to a browser."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from settings_api.tokens import SESSION_LIFE, OpenedSession, Session, Tokens, new_secret

BROWSER_LIFE_S: Final = 3600
_SECRET_LENGTH: Final = len(new_secret())


class Cookies:
    """Reads and sets cookies; over HTTPS they are bound to this very host."""

    def __init__(self, tokens: Tokens, *, public_url: str) -> None:
        self._tokens = tokens
        self._secure = public_url.startswith("https://")
        prefix = "__Host-" if self._secure else ""
        self._session = prefix + "tandem_session"
        self._csrf = prefix + "tandem_csrf"
        self._browser = prefix + "tandem_browser"

    @property
    def session_name(self) -> str:
        """The name of the session's cookie."""
        return self._session

    async def session_of(self, request: Request) -> Session | None:
        """The session that a request carries, while it is good."""
        token = request.cookies.get(self._session)
        return await self._tokens.session(token) if token else None

    def session_token(self, request: Request) -> str | None:
        """The session cookie's value."""
        return request.cookies.get(self._session)

    def browser_cookie(self, request: Request) -> str | None:
        """What ties the browser's round trips to it, where one has begun."""
        return request.cookies.get(self._browser)

    def browser_of(self, request: Request) -> str:
        """The same, or a new one; kept, so that round trips of two tabs do not disturb each other.

        A secret of another length is none of ours.
        """
        known = self.browser_cookie(request)
        return known if known is not None and len(known) == _SECRET_LENGTH else new_secret()

    def set_session(self, response: Response, opened: OpenedSession) -> None:
        """Sign the browser in; its scripts may read the CSRF token, and nothing else."""
        seconds = int(SESSION_LIFE.total_seconds())
        self._set(response, self._session, opened.token, seconds)
        self._set(response, self._csrf, opened.csrf_token, seconds, readable=True)

    def set_browser(self, response: Response, value: str) -> None:
        """Tie an OAuth round trip to the browser."""
        self._set(response, self._browser, value, BROWSER_LIFE_S)

    def clear(self, response: Response) -> None:
        """Sign the browser out."""
        for name in (self._session, self._csrf, self._browser):
            response.delete_cookie(
                name, path="/", secure=self._secure, httponly=name != self._csrf, samesite="lax"
            )

    def _set(
        self, response: Response, name: str, value: str, seconds: int, *, readable: bool = False
    ) -> None:
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            path="/",
            secure=self._secure,
            httponly=not readable,
            samesite="lax",
        )
