"""Descriptions: Google shows them as HTML, and gives back what it was given.

What is written as text comes back as that text, whatever signs it holds: it is escaped where a
reader could take it for HTML, and what came back counts as HTML only where it looks like it.
"""

import html
import re
from typing import Final

from tandem.contracts.events import TextFormat

_LOOKS_LIKE_HTML: Final = re.compile(
    r"</?[a-z][a-z0-9-]*(\s[^<>]*)?/?>|<!--|&(#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});",
    re.IGNORECASE,
)
_MAY_BE_TAKEN_FOR_HTML: Final = re.compile(r"<[a-z/!?]|&[a-z#]", re.IGNORECASE)


def description_format(description: str) -> TextFormat:
    """Whether a description has to be read as HTML."""
    return TextFormat.HTML if _LOOKS_LIKE_HTML.search(description) else TextFormat.TEXT


def as_description(text: str) -> str:
    """Plain text so that Google shows it, and gives it back, as it is."""
    return html.escape(text, quote=False) if _MAY_BE_TAKEN_FOR_HTML.search(text) else text
