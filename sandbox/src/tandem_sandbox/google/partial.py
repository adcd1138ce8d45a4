"""Partial answers: the ``fields`` parameter names what a client wants to have.

Names are separated by commas, a path goes down by slashes or parentheses, an asterisk takes all.
"""

from typing import Any

from tandem_sandbox.google import errors

Mask = dict[str, "Mask"]
"""The names that are wanted, each with what is wanted of it; nothing named means all of it."""

ALL = "*"
MARKS = ",/()"


def read_mask(text: str) -> Mask:
    """The wish that a ``fields`` parameter expresses.

    Raises:
        GoogleError: it cannot be read.
    """
    words = _words(text)
    mask = _read(words)
    if words:
        raise _unreadable(text)
    return mask


def cut(value: Any, mask: Mask) -> Any:
    """What ``mask`` leaves of ``value``; of a list, what it leaves of each item."""
    if not mask or ALL in mask:
        return value
    if isinstance(value, list):
        return [cut(one, mask) for one in value]
    if isinstance(value, dict):
        return {name: cut(value[name], inner) for name, inner in mask.items() if name in value}
    return value


def _read(words: list[str]) -> Mask:
    mask: Mask = {}
    while True:
        names = [_name(words)]
        while words and words[0] == "/":
            words.pop(0)
            names.append(_name(words))
        inner: Mask = {}
        if words and words[0] == "(":
            words.pop(0)
            inner = _read(words)
            if not words or words.pop(0) != ")":
                raise _unreadable("(")
        place = mask
        for name in names:
            place = place.setdefault(name, {})
        place.update(inner)
        if not words or words[0] != ",":
            return mask
        words.pop(0)


def _name(words: list[str]) -> str:
    if not words or words[0] in MARKS:
        raise _unreadable(words[0] if words else "")
    return words.pop(0)


def _words(text: str) -> list[str]:
    for mark in MARKS:
        text = text.replace(mark, f" {mark} ")
    return text.split()


def _unreadable(text: str) -> errors.GoogleError:
    return errors.GoogleError(
        400, "invalidParameter", f"Invalid field selection {text}", location="fields"
    )
