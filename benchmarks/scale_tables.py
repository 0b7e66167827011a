"""The tables of docs/scale.md."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.markdown import markdown_table
from benchmarks.measurement import Measured

Line = Mapping[str, Any]
_LEFT = ("figure", "extraction", "limit", "from", "stage")


def figures(rows: Sequence[Measured]) -> str:
    """Write what goes into the model."""
    columns = {
        "figure": [row.what for row in rows],
        "value": [row.figure for row in rows],
        "from": [row.note for row in rows],
    }
    return markdown_table(columns, _LEFT)


def written(details: Mapping[str, Any]) -> list[str]:
    """Write the tables, each under its title; those without lines are left out."""
    parts = [
        ("Bytes an image", _STAGES, details["stages"]),
        ("Sizes", _SIZES, details["disk"]),
        ("Predictions", _PREDICTIONS, details["predictions"]),
        ("Workers: pooled", _SCALING, details["scaling"]["pooled"]),
        ("Workers: maps", _SCALING, details["scaling"]["maps"]),
        ("Workers: a billion images, pooled", _SCALING, details["scaling"]["billion"]),
        ("Storage: maps, 64 workers", _STORAGES, details["storages"]),
        ("Real runs", _RUNS, details["runs"]),
    ]
    return [f"{title}:\n\n{_table(columns, lines)}" for title, columns, lines in parts if lines]


def _table(columns: Mapping[str, Callable[[Line], str]], lines: Sequence[Line]) -> str:
    cells = {name: [cell(line) for line in lines] for name, cell in columns.items()}
    return markdown_table(cells, _LEFT)


def _text(key: str) -> Callable[[Line], str]:
    return lambda line: str(line[key])


def _whole(key: str) -> Callable[[Line], str]:
    return lambda line: f"{line[key]:,.0f}"


def _three(key: str) -> Callable[[Line], str]:
    """Three digits, whole from 100 on."""
    return lambda line: f"{line[key]:,.0f}" if abs(line[key]) >= 100 else f"{line[key]:.3g}"


def _percent(key: str) -> Callable[[Line], str]:
    return lambda line: f"{line[key]:.0%}"


_STAGES = {
    "stage": _text("stage"),
    "blocks": _whole("blocks"),
    "shape of each": lambda line: " x ".join(map(str, line["shape"])),
    "pooled, all of them": _whole("pooled"),
    "map of the last": _whole("map"),
}
_SIZES = {
    "extraction": _text("what"),
    "bytes an image": _whole("row_bytes"),
    "stored, TB": _three("stored_tb"),
    "asked for before, TB": _three("reserved_tb"),
    "index, GB": _three("index_gb"),
    "images a piece": _whole("piece_rows"),
    "pieces": _whole("pieces"),
}
_PREDICTIONS = {
    "extraction": _text("what"),
    "GPUs": _whole("gpus"),
    "hours": _three("hours"),
    "at half the rate": _three("slow"),
    "at twice the rate": _three("fast"),
    "GPU hours": _three("gpu_hours"),
    "efficiency": _percent("efficiency"),
    "limit": _text("limit"),
}
_COURSE = {
    "hours": _three("hours"),
    "efficiency": _percent("efficiency"),
    "workers busy": _percent("working"),
    "driver busy": _percent("driving"),
    "storage busy": _percent("storing"),
    "pieces lost": _whole("lost"),
    "limit": _text("limit"),
}
_SCALING = {"workers": _whole("workers"), **_COURSE}
_STORAGES = {"GB/s": _whole("storage_gb_s"), **_COURSE}
_RUNS = {
    "workers": _whole("workers"),
    "start, s": _three("start_s"),
    "images/s of each": _three("images_s"),
    "predicted, s": _three("predicted_s"),
    "measured, s": _three("measured_s"),
    "error": _percent("error"),
}
