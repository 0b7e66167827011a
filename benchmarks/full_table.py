"""A full run as one table, and what else there is to say of it."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.markdown import markdown_table
from benchmarks.outcomes import FAILED, MEASURED, SKIPPED, FullRun
from benchmarks.quietness import MOST_OTHERS


def full_table(run: FullRun, earlier: FullRun | None = None) -> str:
    """Write the lines with a ratio or an aim as a Markdown table.

    Args:
        run: The run.
        earlier: One that its ratios are compared with.
    """
    changes = run.changes(earlier)
    rows = list(run.rows())
    changed = [changes.get((outcome.name, row.what)) for outcome, row in rows]
    columns = {
        "benchmark": [outcome.name for outcome, _ in rows],
        "what": [row.what for _, row in rows],
        "figure": [row.figure for _, row in rows],
        "beside it": [row.beside for _, row in rows],
        "ratio": [row.ratio_written for _, row in rows],
        "aim": [row.aimed_at for _, row in rows],
        "reached": [row.reached for _, row in rows],
        "before": ["" if each is None else f"{each.before:.2f}" for each in changed],
        "change": ["" if each is None else each.words for each in changed],
    }
    return markdown_table(columns, left=("benchmark", "what", "beside it", "reached"))


def times_table(run: FullRun) -> str:
    """Write what became of each benchmark, how long it took and how much it measured as a Markdown table."""
    columns = {
        "benchmark": [outcome.name for outcome in run.outcomes],
        "took": [f"{outcome.seconds:.0f} s" for outcome in run.outcomes],
        "measured": [outcome.sizes or _first_line(outcome.why) for outcome in run.outcomes],
        "less than usual": [outcome.smaller for outcome in run.outcomes],
    }
    return markdown_table(columns, left=("benchmark", "measured", "less than usual"))


def where(run: FullRun) -> str:
    """Say on which machine, and how quiet it was."""
    before, after = run.load
    quiet = (
        f"{run.machine}; load {before:.1f} before and {after:.1f} at the end, its own included; "
        f"others kept {run.others:.2f} processors busy"
    )
    if run.others <= MOST_OTHERS:
        return quiet
    return f"{quiet}\n\nThe machine was not quiet: ratios may be off. Run it again when nothing else runs."


def verdict(run: FullRun, earlier: FullRun | None = None) -> str:
    """Count what was measured, missed and became slower, in one line."""
    counts = [f"{run.count(state)} {state}" for state in (MEASURED, SKIPPED, FAILED)]
    seconds = sum(outcome.seconds for outcome in run.outcomes)
    missed = sum(row.is_reached is False for _, row in run.rows())
    slower = sum(change.is_slower for change in run.changes(earlier).values())
    return (
        f"Benchmarks: {', '.join(counts)}, in {seconds / 60:.1f} minutes. "
        f"Aims missed: {missed}. Slower than before: {slower}."
    )


def page(run: FullRun) -> str:
    """Write a run as a page in Markdown."""
    parts = ["# The last full run", where(run), full_table(run), times_table(run)]
    return "\n\n".join(parts)


def report(run: FullRun, earlier: FullRun | None, compared_with: Path | None) -> Iterator[str]:
    """Give the parts of what a full run prints at its end."""
    yield full_table(run, earlier)
    yield times_table(run)
    for outcome in run.outcomes:
        if outcome.state != MEASURED:
            yield f"{outcome.name} {outcome.state}: {outcome.why}"
    yield where(run)
    if compared_with is not None:
        yield f"Compared with {compared_with}, where a benchmark had the same settings."
    yield verdict(run, earlier)


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
