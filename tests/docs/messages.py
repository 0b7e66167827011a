"""What the texts of the program name: its messages, help and docstrings."""

import ast
import re
from collections.abc import Iterator

from markdown_pages import Page

_COMMAND = re.compile(r"(?:``?|')(mint [a-z][^`'\n]*)(?:``?|')")


def page_of_messages(module: Page) -> Page:
    """Give a page with what the texts of a module name: commands, and pages of the documentation."""
    texts = list(_texts(ast.parse(module.text)))
    commands = [command for text in texts for command in _COMMAND.findall(text)]
    pages = [page for text in texts for page in re.findall(r"docs/[\w.-]+\w", text)]
    return Page(module.file, "\n\n".join(f"`{named}`" for named in [*commands, *pages]))


def _texts(node: ast.AST) -> Iterator[str]:
    """Give the texts in a module; what is put into one is a placeholder."""
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "NAME" for part in node.values]
        yield "".join(map(str, parts))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from _texts(child)
