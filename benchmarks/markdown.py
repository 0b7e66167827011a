"""Tables as Markdown."""

from collections.abc import Mapping, Sequence

LEFT, RIGHT = "---", "---:"


def markdown_table(columns: Mapping[str, Sequence[str]], left: Sequence[str]) -> str:
    """Write a table, without the columns in which nothing stands.

    Args:
        columns: Heading -> its cells, as many in each.
        left: Headings of the columns that hold words; those of the others hold numbers.
    """
    shown = {name: cells for name, cells in columns.items() if any(cells)}
    rules = [LEFT if name in left else RIGHT for name in shown]
    rows = [tuple(shown), rules, *zip(*shown.values(), strict=True)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
