"""What the output of an audited model is. Needs no torch."""

from collections.abc import Mapping
from typing import Any, Literal

Head = Literal["classifier", "embedding"]

CLASSIFIER: Head = "classifier"
HEADS: tuple[Head, Head] = (CLASSIFIER, "embedding")


def head_of(card: Mapping[str, Any]) -> Head:
    """Say what the output of a model is, by its card; models of earlier versions were classifiers."""
    head: Head = card.get("head", CLASSIFIER)
    return head
