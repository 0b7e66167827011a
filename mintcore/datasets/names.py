"""Several datasets that stand on one side together: their names, and what cards say of them."""

from collections.abc import Mapping, Sequence
from typing import Any


def dataset_names(named: str | Sequence[str]) -> list[str]:
    """List the datasets of one side, of which one may be named alone; each once, in their order."""
    return [named] if isinstance(named, str) else list(dict.fromkeys(named))


def joint_name(datasets: Sequence[str]) -> str:
    """Give the name that several datasets have together; no dataset can be called so."""
    return " + ".join(datasets)


def parts_of(side: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """List the datasets of one side of a card's ``made_from``, each with its fingerprint; one alone is the side."""
    parts: list[Mapping[str, Any]] = side.get("parts", [side])
    return parts
