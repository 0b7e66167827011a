"""The Markdown pages of the repository, taken apart: headings, links, code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [README, *DOCS, ROOT / "benchmarks" / "README.md", ROOT / "CHANGELOG.md"]
_PARSER = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Code:
    """A fenced block: what it is written in, and its text."""

    language: str
    text: str


@dataclass(frozen=True)
class Page:
    """A page in Markdown; ``file`` is where its relative links start."""

    file: Path
    text: str

    @cached_property
    def blocks(self) -> list[Code]:
        return [Code(token.info, token.content) for token in self._tokens if token.type == "fence"]

    @cached_property
    def inline_code(self) -> list[str]:
        found = [token.content for token in self._inline if token.type == "code_inline"]
        return [" ".join(content.split()) for content in found]

    @cached_property
    def links(self) -> list[str]:
        """Give where links and images lead, as written."""
        leads = {"link_open": "href", "image": "src"}
        return [str(t.attrGet(leads[t.type])) for t in self._inline if t.type in leads]

    @cached_property
    def anchors(self) -> set[str]:
        """Give the anchors of the headings, as GitHub makes them: a second one of a name has -1, a third -2."""
        made: list[str] = []
        for before, token in zip(self._tokens, self._tokens[1:], strict=False):
            if before.type == "heading_open":
                words = "".join(child.content for child in token.children or [])
                made.append(re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-"))
        seen: dict[str, int] = {}
        for name in made:
            seen[name] = seen.get(name, -1) + 1
        return {
            f"{name}-{n}" if n else name for name, last in seen.items() for n in range(last + 1)
        }

    @cached_property
    def rows(self) -> list[list[str]]:
        """Give the rows of all tables, heads aside, each cell as it is written."""
        rows: list[list[str]] = []
        in_body = False
        for token in self._tokens:
            if token.type in ("tbody_open", "tbody_close"):
                in_body = token.type == "tbody_open"
            elif token.type == "tr_open" and in_body:
                rows.append([])
            elif token.type == "inline" and in_body:
                rows[-1].append(token.content)
        return rows

    @cached_property
    def _tokens(self) -> list[Token]:
        return _PARSER.parse(self.text)

    @property
    def _inline(self) -> Iterator[Token]:
        for token in self._tokens:
            yield from _below(token.children or [])


def page_of(file: Path) -> Page:
    return Page(file, file.read_text(encoding="utf-8"))


def _below(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _below(token.children or [])
