"""Makes pages of templates; every page comes with a policy that lets in nothing but our own."""

from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from settings_api.pages.assets import address_of
from settings_api.pages.language import NAMES, Language, language_of
from settings_api.pages.words import WORDS
from settings_api.tokens import Session

LANGUAGE_COOKIE: Final = "tandem_language"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_TEMPLATES: Final = Environment(
    loader=PackageLoader("settings_api.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals.update(asset=address_of, words=WORDS, languages=NAMES)


def spoken(request: Request, session: Session | None) -> Language:
    """The language of a request."""
    user = session.user if session else None
    return language_of(
        chosen=request.cookies.get(LANGUAGE_COOKIE),
        user_locale=user.locale if user else None,
        accepted=request.headers.get("accept-language", ""),
        time_zone=user.time_zone if user else "UTC",
    )


def page(
    request: Request, template: str, session: Session | None, *, status: int = 200, **context: Any
) -> HTMLResponse:
    """A page, or a fragment of one."""
    language = spoken(request, session)
    body = _TEMPLATES.get_template(template).render(
        **context,
        _=language.say,
        moment=language.moment,
        span=language.span,
        days=language.days,
        language=language.code,
        user=session.user if session else None,
        csrf_token=session.csrf_token if session else "",
        path=request.url.path,
    )
    return HTMLResponse(body, status, headers={"content-security-policy": POLICY})


def is_fragment(request: Request) -> bool:
    """Whether a script asks, which puts the answer into the page that is open."""
    return request.headers.get("hx-request") == "true"
