"""How ``mint model layers`` prints what can be tapped."""

import math
from collections.abc import Sequence
from typing import Any

from mintcore.cli.output import table
from mintcore.models.layers import MAP, POOLED, VECTOR, Layer, view_shape

_BYTES_A_VALUE = 2  # float16, as stores keep it
_ASSUMED = "axes or grid assumed"
_COLUMNS = {
    "name": "layer",
    "role": "role",
    "kind": "kind",
    "size": "shape",
    "pooled_bytes": "pooled\nbytes",
    "map_bytes": "map\nbytes",
    "vector_bytes": "vector\nbytes",
    "parameters_used": "weights\nused",
    "operations": "FLOPs\nused",
}


def layer_rows(layers: Sequence[Layer], map_side: int) -> list[dict[str, Any]]:
    """Give the line of each layer: its fields, and the bytes an image takes in each view.

    Args:
        layers: The layers; ``std`` and ``max`` take what ``pooled`` takes.
        map_side: Maps are pooled to at most this many cells a side.
    """
    return [
        layer.to_json()
        | {
            f"{view}_bytes": _bytes(view_shape(layer, view, map_side))
            for view in (POOLED, MAP, VECTOR)
        }
        for layer in layers
    ]


def print_layers(rows: Sequence[dict[str, Any]]) -> None:
    """Print the lines that ``layer_rows`` gave, with a note where a layout is assumed."""
    printed = [
        row
        | {
            "size": "x".join(map(str, row["shape"])),
            "parameters_used": _counted(row["parameters_up_to"]),
            "operations": _counted(row["flops"]),
            "note": _ASSUMED if row["assumed"] else "",
        }
        for row in rows
    ]
    noted = any(row["assumed"] for row in rows)
    table(printed, _COLUMNS | {"note": "note"} if noted else _COLUMNS)


def _bytes(shape: tuple[int, ...] | None) -> int | None:
    return None if shape is None else math.prod(shape) * _BYTES_A_VALUE


def _counted(number: int | None) -> str | None:
    """Write a count in thousands, millions ...: 853018 as 853.0k."""
    if number is None or number < 1000:
        return None if number is None else str(number)
    power = min(int(math.log10(number)) // 3, 4)
    return f"{number / 1000**power:.1f}{' kMGT'[power]}"
