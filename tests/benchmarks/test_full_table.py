"""Comparisons of full runs and their tables."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.comparison import Change
from benchmarks.full_table import full_table, report, times_table, verdict, where
from benchmarks.measurement import Measured, read_rows, table, written
from benchmarks.outcomes import FAILED, MEASURED, SKIPPED, FullRun, Outcome

RATIOS = st.floats(1e-3, 1e3)
NOISES = st.floats(0.01, 0.5)


def run(ratio: float = 1.5, **changed: object) -> FullRun:
    """A run of three benchmarks, one of which measured a ratio, an aim and a mere figure."""
    rows = (
        Measured("reading", 9.0, "MB/s", ratio, 1.0, beside="a memmap 6 MB/s"),
        Measured("opening", 41.7, "ms", at_most=20.0),
        Measured("sealing", 3.0, "s"),
    )
    store = Outcome(
        "store", MEASURED, 61.4, ("--rows", "2"), 0.15, "2 rows, not 9", "2 rows", rows=rows
    )
    others = (
        Outcome("dashboard", SKIPPED, 0.0, (), 0.15, why="no browser"),
        Outcome(
            "index", FAILED, 2.0, (), 0.15, why="It ended with code 1 and these words:\nno room"
        ),
    )
    fields = {"machine": "a machine", "load": (0.1, 1.9), "others": 0.05}
    return FullRun(**{**fields, "outcomes": (store, *others), **changed})  # type: ignore[arg-type]


@given(RATIOS, RATIOS, NOISES)
def test_change__is_slower_one_way_and_faster_the_other(a: float, b: float, noise: float) -> None:
    there, back = Change(a, b, noise), Change(b, a, noise)
    assert (there.is_slower, there.is_faster) == (back.is_faster, back.is_slower)
    assert not (there.is_slower and there.is_faster)
    assert ("slower" in there.words, "faster" in there.words) == (there.is_slower, there.is_faster)


@given(RATIOS, NOISES, st.floats(0, 1))
def test_change__within_the_noise_is_none(before: float, noise: float, part: float) -> None:
    now = before * (1 - 0.999 * noise * part)
    assert not Change(before, now, noise).is_slower
    assert not Change(now, before, noise).is_faster


@given(RATIOS, NOISES, st.floats(1.01, 1.9))
def test_change__beyond_the_noise_is_one(before: float, noise: float, times: float) -> None:
    now = before * (1 - noise * times)
    assert Change(before, now, noise).is_slower


@given(RATIOS, NOISES)
def test_change__more_is_never_slower(before: float, noise: float) -> None:
    assert Change(before, before, noise).words == "+0%"
    assert not Change(before, 2 * before, noise).is_slower


def test_full_table__has_the_lines_with_a_ratio_or_an_aim() -> None:
    assert full_table(run()).splitlines() == [
        "| benchmark | what | figure | beside it | ratio | aim | reached |",
        "| --- | --- | ---: | --- | ---: | ---: | --- |",
        "| store | reading | 9 MB/s | a memmap 6 MB/s | 1.50 | 1.00 | yes |",
        "| store | opening | 41.7 ms |  |  | at most 20 ms | no |",
    ]


def test_full_table__ratios_beside_those_of_an_earlier_run() -> None:
    lines = full_table(run(1.0), run(1.5)).splitlines()
    assert lines[2].endswith("| 1.00 | 1.00 | yes | 1.50 | -33%, slower |")
    assert lines[3].endswith("| no |  |  |")
    assert full_table(run(1.4), run(1.5)).splitlines()[2].endswith("| 1.50 | -7% |")


def test_changes__only_of_the_same_settings() -> None:
    now, before = run(), run()
    other = replace(before.outcomes[0], settings=("--rows", "9"))
    assert list(now.changes(before)) == [("store", "reading")]
    assert now.changes(replace(before, outcomes=(other,))) == {}
    assert now.changes(None) == {}


def test_changes__noise_is_that_of_the_benchmark() -> None:
    now = run(1.0)
    noisy = replace(now.outcomes[0], noise=0.5)
    assert verdict(now, run(1.5)).endswith("Slower than before: 1.")
    assert verdict(replace(now, outcomes=(noisy,)), run(1.5)).endswith("before: 0.")


def test_times_table__says_what_was_less_than_usual_and_what_was_not_measured() -> None:
    assert times_table(run()).splitlines()[2:] == [
        "| store | 61 s | 2 rows | 2 rows, not 9 |",
        "| dashboard | 0 s | no browser |  |",
        "| index | 2 s | It ended with code 1 and these words: |  |",
    ]


def test_report__says_why_and_counts() -> None:
    parts = list(report(run(), None, None))
    assert "dashboard skipped: no browser" in parts
    assert any(part.startswith("index failed") and part.endswith("no room") for part in parts)
    assert parts[-1] == (
        "Benchmarks: 1 measured, 1 skipped, 1 failed, in 1.1 minutes. "
        "Aims missed: 1. Slower than before: 0."
    )


def test_where__warns_of_a_busy_machine() -> None:
    assert "not quiet" not in where(run())
    assert "The machine was not quiet" in where(run(others=0.9))


@pytest.mark.parametrize(
    ("row", "is_reached", "aimed_at"),
    [
        (Measured("a", 1.0), None, ""),
        (Measured("a", 1.0, ratio=0.9), None, ""),
        (Measured("a", 1.0, ratio=0.9, aim=0.9), True, "0.90"),
        (Measured("a", 1.0, ratio=0.89, aim=0.9), False, "0.90"),
        (Measured("a", None, aim=0.9), None, "0.90"),
        (Measured("a", 20.0, "ms", at_most=20.0), True, "at most 20 ms"),
        (Measured("a", 1.0, "", at_most=0.0), False, "at most 0"),
    ],
)
def test_measured__is_reached(row: Measured, is_reached: bool | None, aimed_at: str) -> None:
    assert (row.is_reached, row.aimed_at) == (is_reached, aimed_at)


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (1390.7, "images/s", "1,391 images/s"),
        (100.0, "ms", "100 ms"),
        (41.72, "ms", "41.7 ms"),
        (0.0453, "%", "0.0453%"),
        (0.0, "", "0"),
    ],
)
def test_written__three_digits_or_whole(value: float, unit: str, words: str) -> None:
    assert written(value, unit) == words


def test_table__leaves_out_empty_columns_and_is_read_again() -> None:
    rows = [Measured("reading", 9.0, ratio=1.5, note="twice"), Measured("writing", None)]
    assert table(rows).splitlines() == [
        "| what | figure | ratio | note |",
        "| --- | ---: | ---: | --- |",
        "| reading | 9 MB/s | 1.50 | twice |",
        "| writing |  |  |  |",
    ]
    assert read_rows({"rows": [{"what": "writing", "value": None}]}) == rows[1:]
