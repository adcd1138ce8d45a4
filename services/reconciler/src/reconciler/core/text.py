"""Text as it is compared: plain, with one kind of line end and no trailing blanks."""

import re
from typing import Final

from bs4 import BeautifulSoup

BLOCK_MARKER: Final = "--- Pipedrive ---"
_BLOCK: Final = re.compile(r"\n*^-{3} Pipedrive -{3}[ \t]*$.*\Z", re.MULTILINE | re.DOTALL)
_BLANK_LINES: Final = re.compile(r"\n{3,}")
_BREAKS: Final = ("br",)
_PARAGRAPHS: Final = (
    "p",
    "div",
    "li",
    "tr",
    "h1",
    "h2",
    "h3",
    "h4",
    "blockquote",
    "pre",
    "ul",
    "ol",
)


def plain(text: str) -> str:
    """Same line ends everywhere, nothing at the ends of lines or of the whole."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def text_of_html(html: str) -> str:
    """What a reader of the page would see, links with their address."""
    soup = BeautifulSoup(html, "html.parser")
    for tag in soup(["script", "style", "head"]):
        tag.decompose()
    # Line ends of the source mean nothing in HTML, except where it is written as plain text.
    for link in soup("a"):
        target, shown = str(link.get("href") or ""), link.get_text()
        if target and target != shown and target.removeprefix("mailto:") != shown:
            link.append(f" ({target})")
    for tag in soup(_BREAKS):
        tag.replace_with("\n")
    for tag in soup(_PARAGRAPHS):
        if tag.name == "li":
            tag.insert(0, "- ")
        tag.append("\n")
    return _BLANK_LINES.sub("\n\n", plain(soup.get_text()))


def without_block(description: str) -> str:
    """A description without the deal/contact block that we appended."""
    return plain(_BLOCK.sub("", description))


def with_block(description: str, block: str) -> str:
    """A description with a deal/contact block behind the marker line."""
    return f"{description}\n\n{BLOCK_MARKER}\n{block}".strip() if block else description


def single_line(text: str) -> str:
    """A title: one line, single blanks."""
    return " ".join(text.split())
