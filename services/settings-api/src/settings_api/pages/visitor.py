"""Who looks at a page, and whether what he sends comes from a form of ours."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from settings_api.api.caller import SAFE_METHODS, Caller, CurrentParts
from settings_api.pages.rendering import is_fragment, page
from settings_api.parts import Parts
from settings_api.problem import ProblemError
from settings_api.rates import Rate
from settings_api.tokens import Session
from tandem.runtime.secrets import same_secret


class SignInNeededError(Exception):
    """Nobody is signed in here."""


@dataclass(frozen=True)
class Visitor:
    """A signed-in browser, and the request it sent."""

    request: Request
    session: Session
    parts: Parts

    @property
    def caller(self) -> Caller:
        """The visitor as the REST API knows him."""
        return Caller(self.session.user, self.session)

    @property
    def scripted(self) -> bool:
        """Whether a script of the page asks."""
        return is_fragment(self.request)

    def shows(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """A page for this visitor."""
        return page(self.request, template, self.session, status=status, **context)

    def goes_to(self, address: str) -> Response:
        """Send the browser on, so that a reload repeats nothing."""
        if self.scripted:
            return Response(status_code=204, headers={"hx-redirect": address})
        return RedirectResponse(address, 303)


@dataclass(frozen=True)
class Sent:
    """A form of ours that a visitor sent."""

    visitor: Visitor
    form: FormData

    def text(self, name: str) -> str:
        """A field, without white space around it; empty where it was not sent."""
        value = self.form.get(name)
        return value.strip() if isinstance(value, str) else ""


async def visitor_of(request: Request, parts: CurrentParts) -> Visitor:
    """Who is signed in; SignInNeededError for nobody, ProblemError 429 for one call too many."""
    session = await parts.cookies.session_of(request)
    if session is None:
        raise SignInNeededError
    rate = Rate.READS if request.method in SAFE_METHODS else Rate.WRITES
    await parts.rates.take_of_user(rate, session.user.key)
    return Visitor(request, session, parts)


CurrentVisitor = Annotated[Visitor, Depends(visitor_of)]


async def sent_form(visitor: CurrentVisitor) -> Sent:
    """The form; ProblemError 403 for one that another site may have made the browser send."""
    form = await visitor.request.form()
    given = form.get("csrf_token")
    token = given if isinstance(given, str) else None
    if not same_secret(token, visitor.session.csrf_token):
        raise ProblemError(403, "this form is too old; go back, load the page again, and repeat")
    return Sent(visitor, form)


SentForm = Annotated[Sent, Depends(sent_form)]
