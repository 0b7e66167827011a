"""How much an extraction has a model compute for an image. Needs no torch."""

from collections.abc import Sequence

from mintcore.arrays import View, parse_view
from mintcore.models.layers import GRADIENT, Layer
from store.layout import ArraySpec

GRADIENT_FORWARDS = 3
"""A gradient goes back over the forward, at about twice its cost."""


def flops_an_image(layers: Sequence[Layer], specs: Sequence[ArraySpec]) -> int | None:
    """Count the floating-point operations that some arrays take for an image.

    Each query is a forward to the deepest layer that it is asked at.

    Args:
        layers: Those of the model.
        specs: The arrays.

    Returns:
        The operations; None where those of a layer were not counted.
    """
    known = {layer.name: layer.flops for layer in layers}
    asked = [(parse_view(spec.view), known.get(spec.layer)) for spec in specs]
    total = 0
    for stressed in (False, True):
        of_kind = [(view, flops) for view, flops in asked if view.stressed == stressed]
        for number in range(max((view.queries for view, _ in of_kind), default=0)):
            costs = [_cost(view, flops) for view, flops in of_kind if view.queries > number]
            if any(cost is None for cost in costs):
                return None
            total += max(cost for cost in costs if cost is not None)
    return total


def _cost(view: View, flops: int | None) -> int | None:
    if flops is None:
        return None
    return flops * GRADIENT_FORWARDS if view.kind == GRADIENT else flops
