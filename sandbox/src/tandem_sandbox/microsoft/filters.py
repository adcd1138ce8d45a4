"""The part of OData's `$filter` that calendar clients use: comparisons joined by `and`."""

import re
from collections.abc import Callable

from tandem_sandbox.microsoft import errors, times
from tandem_sandbox.microsoft.model import Event

Test = Callable[[Event], bool]
_PROPERTY = re.compile(
    r"singleValueExtendedProperties/any\((\w+):\s*\1/id eq '((?:[^']|'')*)' and "
    r"\1/value eq '((?:[^']|'')*)'\)",
    re.IGNORECASE,
)
_TIME = re.compile(r"(start|end)/dateTime (ge|gt|le|lt|eq) '([^']+)'", re.IGNORECASE)
_TEXT = re.compile(r"(subject|iCalUId|transactionId) eq '((?:[^']|'')*)'", re.IGNORECASE)
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "ge": lambda a, b: a >= b,
    "gt": lambda a, b: a > b,
    "le": lambda a, b: a <= b,
    "lt": lambda a, b: a < b,
    "eq": lambda a, b: a == b,
}


def read(text: str) -> Test:
    """The test that a filter stands for.

    Raises:
        GraphError: it is more than this emulator knows, or makes no sense.
    """
    tests: list[Test] = []
    rest = text
    for pattern, made in ((_PROPERTY, _property), (_TIME, _time), (_TEXT, _text)):
        for match in pattern.finditer(text):
            tests.append(made(match))
            rest = rest.replace(match.group(0), "")
    if not tests or rest.replace(" and ", "").strip():
        raise errors.invalid("Invalid filter clause", "BadRequest")
    return lambda event: all(test(event) for test in tests)


def _property(match: re.Match[str]) -> Test:
    name, value = match.group(2).lower(), match.group(3).replace("''", "'")
    return lambda event: event.properties.get(name) == value


def _time(match: re.Match[str]) -> Test:
    side, operator, text = match.groups()
    moment = times.settled({"dateTime": text}, side)
    wanted = times.moment_of(moment).timestamp()

    def test(event: Event) -> bool:
        mine = event.begins if side.lower() == "start" else event.ends
        return _COMPARED[operator.lower()](mine.timestamp(), wanted)

    return test


def _text(match: re.Match[str]) -> Test:
    name, value = match.group(1).lower(), match.group(2).replace("''", "'")

    def test(event: Event) -> bool:
        if name == "icaluid":
            return event.ical_uid == value
        return event.fields.get("subject" if name == "subject" else "transactionId") == value

    return test
