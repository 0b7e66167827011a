"""How the twin of a model with fresh weights is called. Needs no torch."""

import re

_TWIN = re.compile(r"(?P<model>.+)-fresh-[0-9]+")


def twin_name(model: str, seed: int) -> str:
    """Name the twin of a model; the seed is that of its weights."""
    return f"{model}-fresh-{seed}"


def model_of_twin(name: str) -> str | None:
    """Name the model that a twin belongs to; None where the name is that of no twin."""
    twin = _TWIN.fullmatch(name)
    return twin["model"] if twin else None
