"""Every link in the documentation leads somewhere, and every page of it is reached from the README."""

from pathlib import Path

import pytest
from links import broken_links, unreached
from markdown_pages import DOCS, PAGES, README, ROOT, Page, page_of


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_page__has_no_broken_link(file: Path) -> None:
    assert broken_links(page_of(file)) == []


def test_index__has_every_page_once() -> None:
    index = page_of(ROOT / "docs" / "README.md")
    linked = [link for link in index.links if not link.startswith("../")]
    assert sorted(linked) == [file.name for file in DOCS if file != index.file]


def test_pages_and_pictures__are_reached_from_the_readme() -> None:
    pictures = [*(ROOT / "docs" / "screenshots").iterdir(), *(ROOT / "docs" / "charts").iterdir()]
    assert unreached(README, [*DOCS, *pictures]) == []


@pytest.mark.parametrize(
    "link",
    [
        "missing.md",
        "here.md#no-such-heading",
        "#no-such-heading",
        "other.md#here",
        "picture.png",
        "/etc/hostname",
        "https://example",
        "http://exa_mple.org",
        "ftp://example.org",
        "htps://example.org",
        "#",
    ],
)
def test_broken_links__finds_each_kind(tmp_path: Path, link: str) -> None:
    (tmp_path / "other.md").write_text("# There\n", encoding="utf-8")
    page = Page(tmp_path / "here.md", f"# Here\n\n[text](<{link}>) and ![picture](<{link}>)\n")
    page.file.write_text(page.text, encoding="utf-8")
    assert len(broken_links(page)) == 2


@pytest.mark.parametrize(
    "link",
    ["other.md", "other.md#there", "#here", "here.md#here-1", "https://example.org/a#b", "./sub/"],
)
def test_broken_links__lets_whole_ones_be(tmp_path: Path, link: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "other.md").write_text("# There\n", encoding="utf-8")
    page = Page(tmp_path / "here.md", f"# Here\n\n## Here\n\n[text]({link})\n")
    page.file.write_text(page.text, encoding="utf-8")
    assert broken_links(page) == []


def test_broken_links__are_not_looked_for_in_code(tmp_path: Path) -> None:
    assert broken_links(Page(tmp_path / "here.md", "`[a](b)`\n\n```\n[c](d)\n```\n")) == []


def test_anchors__are_those_of_github() -> None:
    text = "# What is kept: `--views`\n\n## How *long*, in s?\n\n## A_b-c\n\n## A_b-c\n"
    page = Page(Path("page.md"), text)
    assert page.anchors == {"what-is-kept---views", "how-long-in-s", "a_b-c", "a_b-c-1"}


def test_unreached__a_page_that_nobody_links_to(tmp_path: Path) -> None:
    for name, text in {"start": "[on](next.md)", "next": "[back](start.md)", "lost": ""}.items():
        (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
    assert unreached(tmp_path / "start.md", sorted(tmp_path.iterdir())) == ["lost.md"]
