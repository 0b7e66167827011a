"""How commands print their results."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from mintcore.cli.streams import takes_unicode

SMALL = 0.001
"""Below this a number is written with its exponent: a p-value is never 0.000."""
_WIDEST = 10_000
_ANY_HEIGHT = 25


def show(data: Any, as_json: bool, render: Callable[[], None]) -> None:
    """Print ``data`` as one JSON document, or call ``render`` for a person."""
    if as_json:
        typer.echo(json.dumps(data, indent=2, ensure_ascii=not takes_unicode()))
    else:
        render()


def table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
    """Print rows as a table, however narrow the terminal is.

    Args:
        rows: One mapping a row.
        columns: Key in a row -> heading, in the order to print.
    """
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for heading in columns.values():
        grid.add_column(heading)
    for row in rows:
        grid.add_row(*(_cell(row.get(key)) for key in columns))
    # A name in two pieces cannot be read or copied: blocks.10 would look like blocks.1.
    # Without a height, a terminal that calls itself dumb would be 80 wide whatever is said.
    Console(markup=False, highlight=False, width=_WIDEST, height=_ANY_HEIGHT).print(grid)


def fields(data: Mapping[str, Any]) -> None:
    """Print a mapping, one field a line."""
    width = max(len(key) for key in data)
    for key, value in data.items():
        typer.echo(f"{key:<{width}}  {_cell(value)}")


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}" if value == 0 or abs(value) >= SMALL else f"{value:.1e}"
    if isinstance(value, list | tuple):
        return " .. ".join(_cell(item) for item in value)
    return str(value)
