"""The code in the documentation is whole, and all Python in it is run by a test."""

from pathlib import Path

import pytest
import torch
from code_blocks import broken_blocks
from markdown_pages import DOCS, PAGES, README, ROOT, Page, page_of
from safetensors.torch import load_file

TESTS = [file for file in (ROOT / "tests").rglob("test_*.py") if file != Path(__file__)]


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_page__has_no_broken_block(file: Path) -> None:
    assert broken_blocks(page_of(file)) == []


def test_pages__with_python_are_read_by_a_test_that_runs_it() -> None:
    code = "\n".join(file.read_text(encoding="utf-8") for file in TESTS)
    with_python = [
        file.name
        for file in [README, *DOCS]
        if any(block.language == "python" for block in page_of(file).blocks)
    ]
    assert "store-format.md" in with_python
    assert [name for name in with_python if f'"{name}"' not in code] == []


def test_conversion_of_weights__writes_what_the_model_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = page_of(ROOT / "docs" / "bring-your-own-model.md").blocks
    (example,) = [block.text for block in blocks if "save_file(" in block.text]
    model = torch.nn.Linear(3, 2)
    monkeypatch.chdir(tmp_path)
    torch.save(model, "whole-model.pt")
    exec(example, {})  # noqa: S102 - the project's own page
    assert torch.equal(load_file("model.safetensors")["weight"], model.weight)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "x = (\n"),
        ("python", "# a.py, in TABLE\n1 2,\n"),
        ("toml", "a = \n"),
        ("json", "{a: 1}\n"),
    ],
)
def test_broken_blocks__finds_each_kind(language: str, text: str) -> None:
    assert len(broken_blocks(Page(Path("page.md"), f"```{language}\n{text}```\n"))) == 1


@pytest.mark.parametrize(
    ("language", "text"),
    [("python", "# a.py, in TABLE\n1: 2,\n"), ("toml", "a = 1\n"), ("", "a = \n")],
)
def test_broken_blocks__lets_whole_ones_be(language: str, text: str) -> None:
    assert broken_blocks(Page(Path("page.md"), f"```{language}\n{text}```\n")) == []
