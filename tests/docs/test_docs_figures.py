"""Figures in the documentation come from the files that the benchmarks write."""

import json
from pathlib import Path

import pytest
from figures import figures_without_source, section
from markdown_pages import ROOT, Page, page_of

from benchmarks.full_table import page as full_page
from benchmarks.outcomes import read_run

BENCHMARKS = page_of(ROOT / "benchmarks" / "README.md")
DATA = page_of(ROOT / "docs" / "bring-your-own-data.md")
SCALE = page_of(ROOT / "docs" / "scale.md")
MEASURED = {
    "store": section(BENCHMARKS, "The store"),
    "index": section(BENCHMARKS, "The index"),
    "extraction": section(BENCHMARKS, "Extraction"),
    "image_audit": section(BENCHMARKS, "One image"),
    "dashboard": section(BENCHMARKS, "The dashboard"),
    "training": section(BENCHMARKS, "Training"),
    "auditors": section(BENCHMARKS, "Auditors"),
    "object_store": section(BENCHMARKS, "Object storage"),
    "floors": section(BENCHMARKS, "Floors"),
    "scale": SCALE,
    "near_duplicates": section(DATA, "Images that two datasets share: `mint dataset overlap A B`"),
}
"""File of results -> where its figures are told."""


@pytest.mark.parametrize("name", MEASURED)
def test_figures__are_those_of_the_last_run(name: str) -> None:
    results = ROOT / "benchmarks" / "results" / f"{name}.json"
    assert MEASURED[name].rows
    assert figures_without_source(MEASURED[name], results) == []


def test_results__all_have_their_figures_told() -> None:
    files = (ROOT / "benchmarks" / "results").iterdir()
    assert sorted(file.stem for file in files) == sorted(["all", *MEASURED])


def test_full_run__its_page_is_what_the_command_prints() -> None:
    run = read_run(ROOT / "benchmarks" / "results" / "all.json")
    written = (ROOT / "benchmarks" / "full-run.md").read_text(encoding="utf-8")
    assert written == f"{full_page(run)}\n"


def test_figures_without_source__finds_them(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    results.write_text(json.dumps({"rows": [1391.2, {"share": 0.8966, "note": "of 64"}]}))
    good = "| speed | 1,391 MB/s | 0.90 | 89.7% of 64 | 3 |\n"
    bad = "| speed 5 | 1,392 MB/s | 0.91 | 89.8% of 65 | 333 |\n"
    page = Page(Path("page.md"), "| a | b | c | d | e |\n| - | - | - | - | - |\n" + good + bad)
    assert figures_without_source(page, results) == ["1,392", "0.91", "89.8%", "65", "333"]


def test_section__ends_with_the_next_heading() -> None:
    page = Page(Path("page.md"), "# A\n\n## B\none\n\n## C\ntwo\n")
    assert section(page, "B").text == "one\n"
