"""Whatever a person can choose, meet or set is described in the documentation."""

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import pytest
from command_checks import all_commands
from markdown_pages import ROOT, Page, page_of
from named_things import first_cells, not_in_code

import mintcore
from dashboard.navigation import PAGES
from mintcore.auditors import KIND_WORDS
from mintcore.datasets.membership import MEMBERSHIPS
from mintcore.datasets.sources import SOURCES
from mintcore.methods.catalogue import METHODS
from mintcore.models.layers import SIGNALS, VIEWS
from mintcore.reports.formats import FORMATS
from mintcore.verdicts import Tier
from store.artefacts import Kind


def doc(name: str) -> Page:
    return page_of(ROOT / "docs" / name)


@pytest.mark.parametrize(
    ("names", "page"),
    [
        (KIND_WORDS, "auditors.md"),
        (SOURCES, "bring-your-own-data.md"),
        (MEMBERSHIPS, "bring-your-own-data.md"),
        (VIEWS, "extraction.md"),
        (SIGNALS, "extraction.md"),
        (get_args(Kind), "architecture.md"),
        (FORMATS, "reports.md"),
        (mintcore.__all__, "python.md"),
    ],
    ids=[
        "auditor kinds",
        "sources",
        "memberships",
        "views",
        "signals",
        "artefacts",
        "formats",
        "functions",
    ],
)
def test_names__are_in_code_on_their_page(names: Sequence[str], page: str) -> None:
    assert not_in_code(names, doc(page)) == []


def test_pages_of_the_dashboard__have_a_row_each_in_their_order() -> None:
    assert first_cells(doc("dashboard.md")) == [place.title for place in PAGES.values()]


def test_tiers__have_a_row_each_in_their_order() -> None:
    assert [
        cell for cell in first_cells(doc("reading-a-verdict.md")) if cell in list(Tier)
    ] == list(Tier)


def test_methods__are_described() -> None:
    cells = first_cells(doc("methods.md"))
    assert [method.name for method in METHODS if method.name not in cells] == []


def test_protocols__are_described() -> None:
    cells = [cell.split()[0] for cell in first_cells(doc("protocols.md"))]
    commands = [path.split()[-1] for path in all_commands() if path.startswith("mint protocol P")]
    assert commands == [cell for cell in cells if cell in commands] != []


def test_not_in_code__finds_what_is_missing() -> None:
    page = Page(Path("page.md"), "The `zip:FILE`, a `stores/` folder, `cnn`, and linear.\n")
    names = ["zip", "stores", "cnn", "linear", "cn"]
    assert not_in_code(names, page) == ["linear", "cn"]


def test_first_cells__are_those_of_the_tables() -> None:
    page = Page(Path("page.md"), "| a | b |\n| - | - |\n| One (x) | 1 |\n| Two | 2 |\n")
    assert first_cells(page) == ["One", "Two"]
