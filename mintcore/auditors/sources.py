"""What an auditor reads: one array of a store or, fused, several."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from mintcore.arrays import View, array_specs, parse_view
from mintcore.auditors import KIND_VIEWS
from mintcore.errors import MintError
from mintcore.models.audited import AuditedModel
from mintcore.models.layers import MAP, OUTPUT, POOLED, SIGNALS_VIEW, Layer
from mintcore.models.taps import layers
from store.layout import ArraySpec

CLASSIFIER = "classifier"
SIGNALS = "signals-predicted-q10"


@dataclass(frozen=True)
class Source:
    """One array and the kind of network that reads it.

    Attributes:
        kind: Kind of the network, which is never "fused".
        spec: The array.
    """

    kind: str
    spec: ArraySpec


def single_sources(
    layers: Sequence[Layer], kind: str, view: str | None, map_side: int
) -> list[Source]:
    """List what auditors of one kind read of some layers, one source each.

    Args:
        layers: The layers.
        kind: Kind of auditor.
        view: Name of a view ("pooled-q10"); None for the one that the kind is made for.
        map_side: Side of the maps that a CNN reads, where no view is named.

    Raises:
        MintError: The view is none, or not for this kind of network.
    """
    kept = _usual_view(kind, map_side) if view is None else _named_view(view)
    if (kept.kind == MAP) != (KIND_VIEWS[kind] == MAP):
        raise MintError(
            f"An auditor of kind {kind!r} cannot read the view {kept.name!r}: "
            f"{'a CNN reads maps' if kind == 'cnn' else 'maps are read by a CNN'}."
        )
    if kind == "queries" and kept.queries == 1:
        raise MintError(
            f"An auditor of kind 'queries' reads a view of several queries, not {kept.name!r}: ask for one such as "
            f"{SIGNALS!r}."
        )
    return [Source(kind, spec) for spec in array_specs(layers, [kept])]


def fused_sources(layers: Sequence[Layer], asked: Sequence[str]) -> tuple[Source, ...]:
    """List what a fused auditor reads.

    Args:
        layers: The layers of the audited model.
        asked: "layer/view" each, the layer a name or a glob.

    Raises:
        MintError: One names no view, or no layer that has it; or there are fewer than two.
    """
    found: dict[str, Source] = {}
    for key in asked:
        pattern, _, name = key.rpartition("/")
        view = _named_view(name)
        matching = [layer for layer in layers if fnmatchcase(layer.name, pattern)]
        specs = array_specs(matching, [view])
        if not specs:
            raise MintError(
                f"The source {key!r} names no layer with such a view: `mint model layers` shows them."
            )
        found |= {spec.key: Source(kind_of_view(view), spec) for spec in specs}
    if len(found) < 2:
        raise MintError("A fused auditor reads two sources or more: give --sources more.")
    return tuple(found.values())


def usual_sources(model: AuditedModel) -> tuple[str, ...]:
    """List what a fused auditor reads where nothing is named: every layer and, of a classifier, its signals."""
    pooled = [f"{layer.name}/{POOLED}" for layer in layers(model)[1:]]
    return (*pooled, f"{OUTPUT}/{SIGNALS}") if model.head == CLASSIFIER else tuple(pooled)


def kind_of_view(view: View) -> str:
    """Choose the kind of network that reads a view in a fused auditor."""
    if view.kind == MAP:
        return "cnn"
    return "queries" if view.kind == SIGNALS_VIEW and view.queries > 1 else "vanilla"


def _usual_view(kind: str, map_side: int) -> View:
    if kind == "queries":
        return parse_view(SIGNALS)
    view = KIND_VIEWS[kind]
    return View(view, map_side if view == MAP else None)


def _named_view(name: str) -> View:
    try:
        return parse_view(name)
    except ValueError as error:
        raise MintError(
            f"{name!r} is no view: give one such as pooled, std, map8, pooled-q10 or gradient512-label-float32."
        ) from error
