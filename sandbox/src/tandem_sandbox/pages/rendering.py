"""Makes pages of templates; every page comes with a policy that lets in nothing but our own."""

from hashlib import sha256
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from tandem_sandbox.pages.assets import address_of
from tandem_sandbox.pages.board import Board
from tandem_sandbox.pages.meeting import Meeting
from tandem_sandbox.pages.side import Side
from tandem_sandbox.pages.troubles import TROUBLES, VENDORS, sentence_of

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def element_id(key: str) -> str:
    """A vendor's key as part of an element's id."""
    return sha256(key.encode()).hexdigest()[:12]


_TEMPLATES: Final = Environment(
    loader=PackageLoader("tandem_sandbox.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals.update(
    asset=address_of, troubles=TROUBLES, vendors=VENDORS, sentence_of=sentence_of
)
_TEMPLATES.filters["element_id"] = element_id


def rendered(template: str, **context: Any) -> str:
    """A template as text."""
    return _TEMPLATES.get_template(template).render(**context)


def page(
    template: str, *, status: int = 200, headers: dict[str, str] | None = None, **context: Any
) -> HTMLResponse:
    """A page, or a fragment of one."""
    return HTMLResponse(rendered(template, **context), status, {**HEADERS, **(headers or {})})


def rendered_meetings(
    board: Board, side: Side, meetings: list[Meeting], fresh: frozenset[str] = frozenset()
) -> str:
    """The days of one side; what is `fresh` is told apart."""
    return rendered("_meetings.html", board=board, side=side, meetings=meetings, fresh=fresh)
