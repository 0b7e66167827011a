"""Figures in the tables of a page, and which of them stand in no file of results."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from markdown_pages import Page

_FIGURE = re.compile(r"(?<![\w.])[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?![\w])%?")


def figures_without_source(page: Page, results: Path) -> list[str]:
    """List the figures of a page's tables that are none of a file, rounded.

    First cells say what was measured, and a cell with nothing but a small number counts what the row sums up.
    """
    known = list(_numbers(json.loads(results.read_text(encoding="utf-8"))))
    cells = [cell for row in page.rows for cell in row[1:] if not re.fullmatch(r"\d{1,2}", cell)]
    return [figure for cell in cells for figure in _figures(cell) if not _is_known(figure, known)]


def section(page: Page, heading: str) -> Page:
    """Give a part of a page, from a heading to the next one."""
    _, found, rest = page.text.partition(f"## {heading}\n")
    assert found, heading
    return Page(page.file, rest.partition("\n## ")[0])


def _figures(cell: str) -> list[str]:
    return [figure for figure in _FIGURE.findall(cell) if re.search(r"\d", figure)]


def _is_known(figure: str, known: list[float]) -> bool:
    decimals = len(figure.strip("%").partition(".")[2]) + (2 if figure.endswith("%") else 0)
    value, half = abs(_value(figure)), 0.500001 * 10**-decimals
    return any(abs(value - abs(number)) <= half for number in known)


def _value(figure: str) -> float:
    bare = float(figure.replace(",", "").strip("%"))
    return bare / 100 if figure.endswith("%") else bare


def _numbers(found: Any) -> Iterator[float]:
    """Give all numbers in a document, those in its texts, too."""
    if isinstance(found, (dict, list)):
        for value in found.values() if isinstance(found, dict) else found:
            yield from _numbers(value)
    elif isinstance(found, str):
        yield from map(_value, _figures(found))
    elif isinstance(found, (int, float)):
        yield float(found)
