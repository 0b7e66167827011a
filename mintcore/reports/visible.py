"""Characters that cannot be seen, written so that they can: a name must not look like another, or turn what follows."""

import unicodedata
from typing import Any

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of Unicode: control, format (right to left is one), surrogate, private, unassigned, breaks."""


def visible(text: str) -> str:
    r"""Write characters that cannot be seen by their numbers, such as ``\u202e``."""
    return "".join(
        _number(each) if unicodedata.category(each) in _UNSEEN else each for each in text
    )


def all_visible(value: Any) -> Any:
    """Do so in every text of JSON values, the names of fields among them."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible(name): all_visible(each) for name, each in value.items()}
    if isinstance(value, list):
        return [all_visible(each) for each in value]
    return value


def _number(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
