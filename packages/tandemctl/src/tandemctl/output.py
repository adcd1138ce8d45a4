"""What commands print: tables for people, JSON for programs.

Nothing that came from elsewhere can steer a terminal.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click


def show(value: Any, *, as_json: bool, columns: Sequence[str]) -> None:
    """Print one object, or a list of them as a table."""
    if as_json:
        click.echo(json.dumps(value, indent=2))
    elif isinstance(value, list):
        click.echo(_table(value, columns), nl=False)
    else:
        for name in columns:
            click.echo(f"{name}: {_text(value.get(name))}")


def lines(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print one JSON object per line, each as soon as it is there."""
    for row in rows:
        click.echo(json.dumps(row))


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    cells = [list(columns), *([_text(row.get(name)) for name in columns] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(columns))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        + "\n"
        for line in cells
    )


def _text(value: Any) -> str:
    if value is None or value == []:
        return "-"
    text = ",".join(str(one) for one in value) if isinstance(value, list) else str(value)
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
