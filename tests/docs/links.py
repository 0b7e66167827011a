"""Where the links of a page lead, and which of them lead nowhere."""

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_pages import Page, page_of

_OUTSIDE = re.compile(r"https?://([a-z0-9-]+\.)+[a-z]{2,}(:\d+)?(/\S*)?")


def broken_links(page: Page) -> list[str]:
    """List the links of a page that lead to no file, no heading, or are no address; others' pages are not asked."""
    return [link for link in page.links if not _leads_somewhere(page, link)]


def linked_files(page: Page) -> set[Path]:
    """Give the files of the repository that a page links to or shows."""
    inside = [urlsplit(link) for link in page.links if not urlsplit(link).scheme]
    return {_target(page, link.path) for link in inside}


def reached_from(start: Path) -> set[Path]:
    """Give the files that are reached by links from a page, over other pages."""
    reached = {start.resolve()}
    waiting = [start.resolve()]
    while waiting:
        file = waiting.pop()
        if file.suffix == ".md" and file.is_file():
            new = linked_files(page_of(file)) - reached
            reached |= new
            waiting += new
    return reached


def unreached(start: Path, files: Iterable[Path]) -> list[str]:
    """List the names of files that no chain of links leads to."""
    reached = reached_from(start)
    return [file.name for file in files if file.resolve() not in reached]


def _leads_somewhere(page: Page, link: str) -> bool:
    parts = urlsplit(link)
    if parts.scheme:
        return _OUTSIDE.fullmatch(link) is not None
    if parts.path.startswith("/") or not (parts.path or parts.fragment):
        return False
    target = _target(page, parts.path)
    if not target.exists():
        return False
    there = page if target == page.file.resolve() else page_of(target) if parts.fragment else page
    return not parts.fragment or unquote(parts.fragment) in there.anchors


def _target(page: Page, path: str) -> Path:
    return (page.file.parent / unquote(path)).resolve() if path else page.file.resolve()
