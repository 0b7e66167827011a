"""What an auditor reads: one array of a store, or several. Needs no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from mintcore.arrays import View, array_specs, parse_view
from mintcore.auditors import FUSED, JOINT, SINGLE_KINDS
from mintcore.errors import MintError
from mintcore.models.heads import CLASSIFIER
from mintcore.models.layers import INPUT, MAP, OUTPUT, POOLED, SIGNALS_VIEW, Layer
from store.layout import ArraySpec

SIGNALS = "signals-predicted-q10"
USUAL_SIGNALS = {
    FUSED: ("signals-predicted", SIGNALS),
    JOINT: ("signals-predicted", "signals-predicted-q32", "signals-predicted-s15"),
}
"""The image as it is stands beside its queries: a model that was trained without augmentation knows it best."""


@dataclass(frozen=True)
class Source:
    """What one network reads.

    Attributes:
        kind: Kind of the network, which is never "fused".
        specs: The arrays: one, but for a joint network.
    """

    kind: str
    specs: tuple[ArraySpec, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the arrays, "layer/view"."""
        return tuple(spec.key for spec in self.specs)


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
    if (kept.kind == MAP) != (SINGLE_KINDS[kind].view == MAP):
        raise MintError(
            f"An auditor of kind {kind!r} cannot read the view {kept.name!r}: "
            f"{'a CNN reads maps' if kind == 'cnn' else 'maps are read by a CNN'}."
        )
    if kind == "queries" and (kept.queries == 1 or kept.stressed):
        raise MintError(
            f"An auditor of kind 'queries' reads a view of several queries, not {kept.name!r}: ask for one such as "
            f"{SIGNALS!r}."
        )
    return [Source(kind, (spec,)) for spec in array_specs(layers, [kept])]


def fused_sources(layers: Sequence[Layer], asked: Sequence[str]) -> tuple[Source, ...]:
    """List what a fused auditor reads: a source each, with a network of its own.

    Raises:
        MintError: As ``asked_arrays``.
    """
    specs = asked_arrays(layers, asked)
    return tuple(Source(kind_of_view(parse_view(spec.view)), (spec,)) for spec in specs)


def joint_source(layers: Sequence[Layer], asked: Sequence[str]) -> Source:
    """Give what a joint auditor reads: all of it with one network.

    Raises:
        MintError: As ``asked_arrays``, or one is a map.
    """
    specs = asked_arrays(layers, asked)
    maps = [spec.key for spec in specs if parse_view(spec.view).kind == MAP]
    if maps:
        raise MintError(
            f"A joint auditor cannot read the map {maps[0]!r}: give the layer's pooled view, or fuse it (--kind fused)."
        )
    return Source(JOINT, specs)


def asked_arrays(layers: Sequence[Layer], asked: Sequence[str]) -> tuple[ArraySpec, ...]:
    """List the arrays that an auditor of several sources reads, each once.

    Args:
        layers: The layers of the audited model.
        asked: "layer/view" each, the layer a name or a glob; a glob never means the image itself.

    Raises:
        MintError: One names no view, or no layer that has it; or there are fewer than two.
    """
    found: dict[str, ArraySpec] = {}
    for key in asked:
        pattern, _, name = key.rpartition("/")
        view = _named_view(name)
        matching = [
            layer
            for layer in layers
            if layer.name == pattern or (layer.name != INPUT and fnmatchcase(layer.name, pattern))
        ]
        specs = array_specs(matching, [view])
        if not specs:
            raise MintError(
                f"The source {key!r} names no layer with such a view: `mint model layers` shows them."
            )
        found |= {spec.key: spec for spec in specs}
    if len(found) < 2:
        raise MintError(
            "An auditor of several sources reads two or more: name more with --sources."
        )
    return tuple(found.values())


def usual_sources(layers: Sequence[Layer], head: str, kind: str) -> tuple[str, ...]:
    """List what an auditor of several sources reads where nothing is named.

    That is every layer and, of a classifier, its signals; a joint auditor makes use of more queries.

    Args:
        layers: The suggested layers of the audited model, the image itself among them.
        head: What its output is.
        kind: Kind of auditor.
    """
    pooled = [f"{layer.name}/{POOLED}" for layer in layers if layer.name != INPUT]
    if head != CLASSIFIER:
        return tuple(pooled)
    return (*pooled, *(f"{OUTPUT}/{view}" for view in USUAL_SIGNALS[kind]))


def count_networks(sources: int, models: int, seeds: int) -> int:
    """Count the networks that auditors of so many sources take, the raw pixels' aside.

    Args:
        sources: What all of them read.
        models: The audited model and its blind counterparts.
        seeds: Networks of a source; the null has one.
    """
    return sources * (models * seeds + 1)


def kind_of_view(view: View) -> str:
    """Choose the kind of network that reads a view in a fused auditor."""
    if view.kind == MAP:
        return "cnn"
    spread = view.kind == SIGNALS_VIEW and view.queries > 1 and not view.stressed
    return "queries" if spread else "vanilla"


def _usual_view(kind: str, map_side: int) -> View:
    view = SINGLE_KINDS[kind].view
    if view == SIGNALS_VIEW:
        return parse_view(SIGNALS)
    return View(view, map_side if view == MAP else None)


def _named_view(name: str) -> View:
    try:
        return parse_view(name)
    except ValueError as error:
        raise MintError(
            f"{name!r} is no view: give one such as pooled, std, map8, pooled-q10 or gradient512-label-float32."
        ) from error
