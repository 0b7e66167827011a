"""Names of several datasets that stand on one side together."""

from collections.abc import Sequence


def dataset_names(named: str | Sequence[str]) -> list[str]:
    """List the datasets of one side, of which one may be named alone; each once, in their order."""
    return [named] if isinstance(named, str) else list(dict.fromkeys(named))


def joint_name(datasets: Sequence[str]) -> str:
    """Give the name that several datasets have together; no dataset can be called so."""
    return " + ".join(datasets)
