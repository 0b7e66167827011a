"""What the output of an audited model is. Needs no torch."""

from typing import Literal

Head = Literal["classifier", "embedding"]

HEADS: tuple[Head, Head] = ("classifier", "embedding")
