"""What pages name, in code and in tables."""

from collections.abc import Iterable

from markdown_pages import Page


def not_in_code(names: Iterable[str], page: Page) -> list[str]:
    """List the names that stand nowhere in code on a page, alone or before what follows: ``zip:FILE``, ``f(...)``."""
    code = set(page.inline_code)
    before = {text.partition(mark)[0] for text in code for mark in ":/("}
    return [name for name in names if name not in code | before]


def first_cells(page: Page) -> list[str]:
    """Give the first cell of each row of the tables of a page, without what stands in brackets behind it."""
    return [row[0].partition(" (")[0] for row in page.rows]
