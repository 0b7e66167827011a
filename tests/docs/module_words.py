"""Files and modules that pages name, and which of them are not there (any more)."""

import re
from functools import cache
from pathlib import Path

from markdown_pages import ROOT, Page

ROOMS = ("dashboard", "mintcore", "store")
_IN_REPOSITORY = re.compile(r"(?:dashboard|mintcore|store|tests|benchmarks|docs)/[\w./-]*\w")
_WORD = re.compile(r"[a-z_]+(/[a-z_]+)*")
_FILE_OF_A_HOME = re.compile(r"\.?[\w-]+(\.\w+)+|\.?[\w-]+/|\.\w+")


def missing_paths(page: Page) -> list[str]:
    """List paths of the repository that a page names, in code of any kind, where nothing is.

    What a block of the page is to become, as its first line says, need not be there.
    """
    texts = [block.text for block in page.blocks]
    code = [*page.inline_code, *(re.sub(r"\A# \S+\n", "", text) for text in texts)]
    named = [
        path
        for text in code
        for path in re.findall(rf"(?<![\w./<-]){_IN_REPOSITORY.pattern}", text)
    ]
    return [path for path in dict.fromkeys(named) if not _is_there(path)]


def unknown_modules(page: Page) -> list[str]:
    """List the words in code on a page that are names of no module or package."""
    words = dict.fromkeys(code for code in page.inline_code if _WORD.fullmatch(code))
    return [word for word in words if not any(f"/{word}/" in path for path in _module_paths())]


def unknown_files(page: Page) -> list[str]:
    """List the files and folders of a home that a page names in running text and the program does not."""
    named = [code for code in page.inline_code if _FILE_OF_A_HOME.fullmatch(code)]
    return [name for name in dict.fromkeys(named) if not _is_quoted(name.rstrip("/"))]


def packages() -> list[str]:
    """Give the packages of the engine: the folders that the architecture is made of."""
    return sorted(init.parent.name for init in (ROOT / "mintcore").glob("*/__init__.py"))


def _is_there(path: str) -> bool:
    return (ROOT / path).exists() or (ROOT / f"{path}.py").exists()


def _is_quoted(name: str) -> bool:
    return re.search(rf"\"{re.escape(name)}[\"/]", _source()) is not None


def _sources() -> list[Path]:
    return [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]


@cache
def _module_paths() -> list[str]:
    modules = [file.relative_to(ROOT).with_suffix("") for file in _sources()]
    return [f"/{each.parent if each.name == '__init__' else each}/" for each in modules]


@cache
def _source() -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in _sources())
