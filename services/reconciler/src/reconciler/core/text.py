"""Text as it is compared: plain, with one kind of line end and no trailing blanks."""

import html
import re
from typing import Final

BLOCK_MARKER: Final = "--- Pipedrive ---"
_BLOCK: Final = re.compile(r"^-{3} Pipedrive -{3}$.*\Z", re.MULTILINE | re.DOTALL)
_JOINED: Final = re.compile(r"(?<=[^\n])-{3} Pipedrive -{3}$", re.MULTILINE)
_LINE: Final = re.compile(r"[^\n]+")
_HIDDEN: Final = frozenset({"script", "style", "head", "title"})
# fmt: off
_BLOCKS: Final = frozenset({
    "address", "article", "aside", "blockquote", "center", "dd", "div", "dl", "dt", "footer",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section",
    "table", "tr", "ul",
})
# fmt: on
_BLANKS: Final = re.compile(r"[ \t\r\n\f]+")
_CELLS: Final = frozenset({"td", "th"})
_DOCUMENT: Final = re.compile(r"(?:\s|<[!?][^<>]*>)*<(?:html|body)[\s>]", re.IGNORECASE)
_MARKUP: Final = re.compile(r"<!--|<(/?)([a-z][^\s/<>]*)([^<>]*)>|<[!?][^<>]*>", re.IGNORECASE)
_REFERENCE: Final = re.compile(r"&#?\w{1,31};")
_HREF: Final = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+))""", re.IGNORECASE)


def plain(text: str) -> str:
    """Same line ends everywhere, nothing at the ends of lines or of the whole."""
    if text.isascii() and "\n" not in text and "\r" not in text:
        return text.strip()
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def text_of_html(markup: str) -> str:
    """What a reader of the page would see, links with their address."""
    reader = _Reader(flows=_DOCUMENT.match(markup) is not None)
    reader.read(markup)
    return plain(reader.text)


def without_block(description: str, block: str = "") -> str:
    """A description without the deal/contact block that we appended.

    What somebody wrote below the block is kept where `block` is known, and there as it was written:
    nothing else tells where it ends. Nor does anything else tell a marker that somebody has joined
    to his own line.
    """
    shown = plain(description)
    if BLOCK_MARKER not in shown:
        return shown
    shown = _with_marker_alone(shown, block)
    found = _BLOCK.search(shown)
    if found is None:
        return shown
    end = _end_of_block(shown, found.start() + len(BLOCK_MARKER), block)
    below = "" if end is None else _BLOCK.sub("", shown[end:])
    return plain(f"{shown[: found.start()].rstrip()}\n\n{plain(below)}")


def _with_marker_alone(text: str, block: str) -> str:
    """Text in which the marker of a block has a line of its own again."""

    def alone(found: re.Match[str]) -> str:
        joined = _end_of_block(text, found.end(), block) is not None
        return f"\n{BLOCK_MARKER}" if joined else BLOCK_MARKER

    return _JOINED.sub(alone, text)


def _end_of_block(text: str, begin: int, block: str) -> int | None:
    """Where the lines of a block end; None where they are not there as they were written."""
    shown = (line for line in _LINE.finditer(text, begin) if not line[0].isspace())
    end: int | None = None
    for written in filter(None, map(single_line, block.split("\n"))):
        line = next(shown, None)
        if line is None or single_line(line[0]) != written:
            return None
        end = line.end()
    return end


def with_block(description: str, block: str) -> str:
    """A description with a deal/contact block behind the marker line."""
    return f"{description}\n\n{BLOCK_MARKER}\n{block}".strip() if block else description


def single_line(text: str) -> str:
    """A title: one line, single blanks."""
    return " ".join(text.split())


class _Reader:
    """Collects what is visible, in one pass and in time proportional to the length.

    Line ends of the source are kept: descriptions are written as plain text too, and calendars
    show their line ends even where other parts are markup. Only in a whole document text `flows`:
    there line ends are blanks, as in a browser. What is not quite markup is text.
    """

    def __init__(self, *, flows: bool) -> None:
        self._flows = flows
        self._parts: list[str] = []
        self._item = 0
        self._preformatted = 0
        self._hidden = 0
        self._link: tuple[str, int] | None = None

    @property
    def text(self) -> str:
        """Everything visible so far."""
        return "".join(self._parts)

    def read(self, markup: str) -> None:
        """Take in a whole document; a comment that does not end hides the rest."""
        position = 0
        while found := _MARKUP.search(markup, position):
            self._show_text(markup[position : found.start()])
            position = found.end()
            if found[0] == "<!--":
                end = markup.find("-->", position)
                position = len(markup) if end < 0 else end + len("-->")
            elif found[2]:
                tag = found[2].lower()
                if found[1]:
                    self._end(tag)
                else:
                    self._begin(tag, found[3])
        self._show_text(markup[position:])
        self._end_link()

    def _begin(self, tag: str, attributes: str) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag == "br":
            self._show("\n")
        elif tag == "a":
            self._end_link()
            href = _HREF.search(attributes)
            target = (href[1] or href[2] or href[3] or "") if href else ""
            self._link = (_address(target), len(self._parts))
        elif tag in _CELLS:
            self._separate()
        elif tag in _BLOCKS:
            self._begin_block(tag)

    def _begin_block(self, tag: str) -> None:
        if tag == "pre":
            self._preformatted += 1
        # The first paragraph of an item stands beside its mark.
        if tag == "li" or len(self._parts) != self._item:
            self._new_line()
        if tag == "li" and not self._hidden:
            self._show("- ")
            self._item = len(self._parts)

    def _end(self, tag: str) -> None:
        if tag == "pre":
            self._preformatted = max(self._preformatted - 1, 0)
        if tag in _HIDDEN:
            self._hidden = max(self._hidden - 1, 0)
        elif tag == "a":
            self._end_link()
        elif tag in _BLOCKS:
            self._new_line()

    def _end_link(self) -> None:
        """Links do not nest; one whose text is not its address shows that behind it."""
        if self._link is None:
            return
        target, begin = self._link
        self._link = None
        shown = "".join(self._parts[begin:]).strip()
        if target and not _tells_address(shown, target):
            self._show(f" ({target})")

    def _show_text(self, markup: str) -> None:
        text = html.unescape(markup)
        if self._flows and not self._preformatted:
            text = _BLANKS.sub(" ", text)
            if not self._parts or self._parts[-1].endswith(("\n", " ")):
                text = text.removeprefix(" ")
        self._show(text)

    def _show(self, text: str) -> None:
        if text and not self._hidden:
            self._parts.append(text)

    def _new_line(self) -> None:
        if self._parts and not self._parts[-1].endswith("\n"):
            self._show("\n")

    def _separate(self) -> None:
        if self._parts and not self._parts[-1][-1].isspace():
            self._show(" ")


def _address(attribute: str) -> str:
    """Where a link leads; what begins like a reference there and does not end is a parameter."""
    return _REFERENCE.sub(lambda found: html.unescape(found[0]), attribute).strip()


def _tells_address(shown: str, target: str) -> bool:
    """Whether the text of a link is its address, a telephone number however it is grouped."""
    if target.startswith("tel:"):
        return _dialled(shown) == _dialled(target)
    return shown in {target, target.removeprefix("mailto:")}


def _dialled(number: str) -> str:
    return "".join(sign for sign in number if sign.isdecimal() or sign == "+")
