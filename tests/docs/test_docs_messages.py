"""What the program tells people to do, and to read, is there."""

from pathlib import Path

import pytest
from command_checks import wrong_commands
from markdown_pages import ROOT, Page, page_of
from messages import page_of_messages
from module_words import ROOMS, missing_paths


@pytest.mark.parametrize("room", ROOMS)
def test_texts__name_commands_and_pages_that_are_there(room: str) -> None:
    pages = [page_of_messages(page_of(file)) for file in sorted((ROOT / room).rglob("*.py"))]
    assert [wrong for page in pages for wrong in wrong_commands(page) + missing_paths(page)] == []


def test_page_of_messages__has_what_a_module_names() -> None:
    text = "raise E(f\"`mint model ad {name}` or 'mint store verify': see docs/none.md.\")\n"
    page = page_of_messages(Page(Path("module.py"), text))
    assert page.inline_code == ["mint model ad NAME", "mint store verify", "docs/none.md"]
    assert len(wrong_commands(page)) == 1
    assert missing_paths(page) == ["docs/none.md"]
