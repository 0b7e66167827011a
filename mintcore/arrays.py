"""Which array of a store keeps which view of which layer. Needs no torch."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from mintcore.errors import MintError
from mintcore.extraction.limits import MAX_QUERIES, MAX_STRESSES
from mintcore.models.layers import (
    GRADIENT,
    INPUT,
    MAP,
    OUTPUT,
    SIGNALS_DTYPE,
    SIGNALS_VIEW,
    Layer,
    require_view,
    view_shape,
)
from store.layout import STORED_DTYPES, ArraySpec

if TYPE_CHECKING:
    from mintcore.models.audited import AuditedModel

FLOAT16 = "float16"
PIXELS_SIDE = 32
LABEL, PREDICTED = "label", "predicted"
TARGETS = (LABEL, PREDICTED)
TARGETED = (GRADIENT, SIGNALS_VIEW)
"""Views of the answer for one class, the target."""

_NAME = re.compile(
    rf"(?P<kind>[a-z]+)(?P<size>\d+)?(-(?P<target>{'|'.join(TARGETS)}))?(-(?P<query>[qs])(?P<queries>\d+))?"
    rf"(-(?P<dtype>{'|'.join(STORED_DTYPES)}))?"
)


@dataclass(frozen=True)
class View:
    """How a tap is kept. Checked when made.

    Attributes:
        kind: Of ``mintcore.models.layers.VIEWS``.
        size: Most cells along each side of a map, or values of a gradient; None for the other kinds.
        target: Of what class gradients and signals are: the true "label", or the "predicted" one.
        queries: How many augmented queries of an image are kept; 1 is the image itself alone.
        dtype: "float16", "float32" or "bfloat16"; signals are always float32.
        stressed: Whether the queries are those that training never shows.
    """

    kind: str
    size: int | None = None
    target: str | None = None
    queries: int = 1
    dtype: str = FLOAT16
    stressed: bool = False

    def __post_init__(self) -> None:
        require_view(self.kind)
        if self.size is not None and self.size < 1:
            raise MintError(
                f"A {self.kind} view of size {self.size} keeps nothing: give 1 or more."
            )
        if self.target not in (TARGETS if self.kind in TARGETED else (None,)):
            raise MintError(
                f"The target of a {self.kind} view cannot be {self.target!r}: the {' and '.join(TARGETED)} views have "
                f"{' or '.join(TARGETS)}, all others None."
            )
        most = MAX_STRESSES if self.stressed else MAX_QUERIES
        if not 1 <= self.queries <= most:
            kind = "stressed queries" if self.stressed else "queries"
            raise MintError(f"{self.queries} {kind} an image: give 1 to {most}.")
        if self.dtype not in STORED_DTYPES:
            raise MintError(
                f"A store keeps {', '.join(STORED_DTYPES)}, not {self.dtype!r}: choose one."
            )
        if self.kind == SIGNALS_VIEW and self.dtype != SIGNALS_DTYPE:
            raise MintError(f"Signals are kept as {SIGNALS_DTYPE}, not as {self.dtype}.")

    @property
    def name(self) -> str:
        """Its name in the store: "pooled", "map8", "pooled-q10-float32". Each is an array of its own."""
        target = f"-{self.target}" if self.target else ""
        queries = f"-q{self.queries}" if self.queries > 1 else ""
        queries = f"-s{self.queries}" if self.stressed else queries
        dtype = f"-{self.dtype}" if self.dtype != _usual_dtype(self.kind) else ""
        return f"{self.kind}{self.size or ''}{target}{queries}{dtype}"

    def shape(self, layer: Layer) -> tuple[int, ...] | None:
        """Give the shape of one image's row, with a leading axis of queries where there are several.

        Returns:
            The shape; None where the layer has no such view.
        """
        shape = view_shape(layer, self.kind, self.size)
        return (self.queries, *shape) if shape is not None and self.queries > 1 else shape


@lru_cache(1024)  # asked for every array of every batch
def parse_view(name: str) -> View:
    """Give the view of a name.

    Raises:
        ValueError: It names no view.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} names no view")
    size = int(match["size"]) if match["size"] else None
    dtype = match["dtype"] or _usual_dtype(match["kind"])
    queries, stressed = int(match["queries"] or 1), match["query"] == "s"
    return View(match["kind"], size, match["target"], queries, dtype, stressed)


def signals_view(target: str = LABEL, queries: int = 1) -> View:
    """Give the signals view: "signals-label-q10"."""
    return View(SIGNALS_VIEW, target=target, queries=queries, dtype=SIGNALS_DTYPE)


def signals_key(target: str = LABEL, queries: int = 1) -> str:
    """Give the key of the signals in a store: "output/signals-label-q10"."""
    return f"{OUTPUT}/{signals_view(target, queries).name}"


def array_specs(chosen: Sequence[Layer], views: Sequence[View]) -> list[ArraySpec]:
    """List the arrays of layers and views; a layer that lacks a view (a vector has no map) gives none for it."""
    return [
        ArraySpec(layer.name, view.name, shape, view.dtype)
        for layer in chosen
        for view in views
        if (shape := view.shape(layer)) is not None
    ]


def pixels_spec(model: "AuditedModel") -> ArraySpec:
    """Give the array of the preprocessed images themselves, at most 32 pixels a side: the raw-pixels baseline."""
    return pixels_of(model.taps[INPUT])


def pixels_of(images: Layer) -> ArraySpec:
    """Give the same array for a model's layer "input"."""
    return array_specs([images], [View(MAP, PIXELS_SIDE)])[0]


def _usual_dtype(kind: str) -> str:
    """Give the type that goes without saying in a view's name."""
    return SIGNALS_DTYPE if kind == SIGNALS_VIEW else FLOAT16
