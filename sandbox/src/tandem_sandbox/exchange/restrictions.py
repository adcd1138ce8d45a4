"""Conditions on items: what a restriction of a search says."""

from collections.abc import Callable
from typing import Final

from tandem_sandbox.exchange.model import Item
from tandem_sandbox.exchange.properties import name_of, path_in, value_of
from tandem_sandbox.exchange.soap import Element, ExchangeError, descendants, local

_COMPARISONS: Final[dict[str, Callable[[str, str], bool]]] = {
    "IsEqualTo": lambda value, constant: value == constant,
    "IsNotEqualTo": lambda value, constant: value != constant,
    "IsGreaterThan": lambda value, constant: value > constant,
    "IsGreaterThanOrEqualTo": lambda value, constant: value >= constant,
    "IsLessThan": lambda value, constant: value < constant,
    "IsLessThanOrEqualTo": lambda value, constant: value <= constant,
    "Contains": lambda value, constant: constant.lower() in value.lower(),
}


def holds(condition: Element, item: Item) -> bool:
    """Whether an item meets a condition.

    Raises:
        ExchangeError: the condition is of a kind that is not known.
    """
    kind = local(condition)
    if kind == "Restriction":
        return all(holds(one, item) for one in condition)
    if kind == "And":
        return all(holds(one, item) for one in condition)
    if kind == "Or":
        return any(holds(one, item) for one in condition)
    if kind == "Not":
        return not holds(condition[0], item)
    name = name_of(path_in(condition))
    if kind == "Exists":
        return name in item.properties
    compare = _COMPARISONS.get(kind)
    constants = descendants(condition, "Constant")
    if compare is None or not constants:
        raise ExchangeError("ErrorUnsupportedPathForQuery")
    return compare(value_of(item, name), constants[0].get("Value", ""))
