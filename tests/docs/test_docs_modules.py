"""What the documentation says of the code names files and modules that are there."""

from pathlib import Path

import pytest
from markdown_pages import PAGES, ROOT, Page, page_of
from module_words import missing_paths, packages, unknown_files, unknown_modules

ARCHITECTURE = page_of(ROOT / "docs" / "architecture.md")
LONGEST_LINES = 80


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_page__names_only_paths_that_are_there(file: Path) -> None:
    assert missing_paths(page_of(file)) == []


def test_architecture__names_only_modules_that_are_there() -> None:
    assert unknown_modules(ARCHITECTURE) == []


def test_architecture__names_only_files_of_a_home_that_the_program_names() -> None:
    assert unknown_files(ARCHITECTURE) == []


def test_architecture__names_every_package_of_the_engine_on_one_page() -> None:
    code = " ".join([*ARCHITECTURE.inline_code, *(block.text for block in ARCHITECTURE.blocks)])
    assert [name for name in packages() if name not in code] == []
    assert len(ARCHITECTURE.text.splitlines()) <= LONGEST_LINES


def test_missing_paths__finds_them_in_text_and_blocks() -> None:
    page = Page(Path("page.md"), "See `store/nothing.py`.\n\n```\n| mintcore/gone/x.py  x\n```\n")
    assert missing_paths(page) == ["store/nothing.py", "mintcore/gone/x.py"]


def test_missing_paths__lets_those_be_that_are_there_or_are_made() -> None:
    there = (
        "`store/epochs.py`, `mintcore/auditors`, `mintcore/cohorts`, `stores/x`, `a/mintcore/x.py`"
    )
    made = "\n\n```python\n# mintcore/new.py\nx = 1\n```\n"
    assert missing_paths(Page(Path("page.md"), there + made)) == []


def test_unknown_modules__finds_what_is_none() -> None:
    page = Page(
        Path("page.md"), "`writer`, `auditors/course`, `writers`, `auditors/courses`, `A B`"
    )
    assert unknown_modules(page) == ["writers", "auditors/courses"]


def test_unknown_files__finds_what_the_program_does_not_name() -> None:
    page = Page(
        Path("page.md"), "`card.json`, `.staging`, `uploads/`, `cards.json`, `.stages`, `up/`"
    )
    assert unknown_files(page) == ["cards.json", ".stages", "up/"]
