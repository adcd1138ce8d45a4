"""Text as it is compared: plain, with one kind of line end and no trailing blanks."""

import re
from html.parser import HTMLParser
from typing import Final

BLOCK_MARKER: Final = "--- Pipedrive ---"
_BLOCK: Final = re.compile(r"^-{3} Pipedrive -{3}$.*\Z", re.MULTILINE | re.DOTALL)
_HIDDEN: Final = frozenset({"script", "style", "head", "title"})
# fmt: off
_BLOCKS: Final = frozenset({
    "address", "article", "aside", "blockquote", "center", "dd", "div", "dl", "dt", "footer",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section",
    "table", "tr", "ul",
})
# fmt: on
_CELLS: Final = frozenset({"td", "th"})


def plain(text: str) -> str:
    """Same line ends everywhere, nothing at the ends of lines or of the whole."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def text_of_html(html: str) -> str:
    """What a reader of the page would see, links with their address."""
    reader = _Reader()
    try:
        reader.feed(html)
        reader.close()
    except AssertionError:  # the parser's own word for a declaration that it can not read
        return plain(html)
    return plain(reader.text)


def without_block(description: str) -> str:
    """A description without the deal/contact block that we appended."""
    return plain(_BLOCK.sub("", plain(description)))


def with_block(description: str, block: str) -> str:
    """A description with a deal/contact block behind the marker line."""
    return f"{description}\n\n{BLOCK_MARKER}\n{block}".strip() if block else description


def single_line(text: str) -> str:
    """A title: one line, single blanks."""
    return " ".join(text.split())


class _Reader(HTMLParser):
    """Collects what is visible, in one pass.

    Line ends of the source are kept: descriptions are written as plain text too, and calendars
    show their line ends even where other parts are markup.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._hidden = 0
        self._link: tuple[str, int] | None = None

    @property
    def text(self) -> str:
        """Everything visible so far."""
        return "".join(self._parts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line, a list item or a link."""
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag == "br":
            self._show("\n")
        elif tag == "a":
            self._end_link()
            self._link = (dict(attrs).get("href") or "", len(self._parts))
        elif tag in _CELLS:
            self._separate()
        elif tag in _BLOCKS:
            self._new_line()
            if tag == "li":
                self._show("- ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element without content."""
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """End a line or a link."""
        if tag in _HIDDEN:
            self._hidden = max(self._hidden - 1, 0)
        elif tag == "a":
            self._end_link()
        elif tag in _BLOCKS:
            self._new_line()

    def handle_data(self, data: str) -> None:
        """Take text as it stands."""
        self._show(data)

    def _end_link(self) -> None:
        """Links do not nest; one whose text is not its address shows that behind it."""
        if self._link is None:
            return
        target, begin = self._link
        self._link = None
        shown = "".join(self._parts[begin:]).strip()
        if target and shown not in {target, target.removeprefix("mailto:")}:
            self._show(f" ({target})")

    def _show(self, text: str) -> None:
        if text and not self._hidden:
            self._parts.append(text)

    def _new_line(self) -> None:
        if self._parts and not self._parts[-1].endswith("\n"):
            self._show("\n")

    def _separate(self) -> None:
        if self._parts and not self._parts[-1][-1].isspace():
            self._show(" ")
