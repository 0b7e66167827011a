"""The figures of the dashboard as two tables: what a person waits for, and all else."""

from collections.abc import Mapping, Sequence

from benchmarks.index import Line, table

FIRST, MEDIAN, SLOWEST = "first", "again, median", "again, slowest"
WAITS = (FIRST, MEDIAN, SLOWEST)


def wait(what: str, which: str, milliseconds: float, aim_ms: float) -> Line:
    """Give one figure of a wait; ``which`` is one of ``WAITS``."""
    return Line(f"{what}: {which}", milliseconds, "ms", aim_ms)


def tables(lines: Sequence[Line]) -> str:
    """Write the lines as two Markdown tables, the waits with a row each."""
    waits: dict[str, dict[str, Line]] = {}
    others = []
    for line in lines:
        what, _, which = line.what.rpartition(": ")
        if which in WAITS:
            waits.setdefault(what, {})[which] = line
        else:
            others.append(line)
    rows = [
        f"| what | {' | '.join(WAITS)} | aim | missed |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    rows += [_row(what, of_wait) for what, of_wait in waits.items()]
    return "\n".join([table(others), "", *rows])


def _row(what: str, of_wait: Mapping[str, Line]) -> str:
    cells = [f"{of_wait[which].figure:,.0f} ms" if which in of_wait else "" for which in WAITS]
    aim = next(iter(of_wait.values())).aim
    missed = ", ".join(which for which in WAITS if which in of_wait and not of_wait[which].met)
    return f"| {what} | {' | '.join(cells)} | {aim:,.0f} ms | {missed} |"
