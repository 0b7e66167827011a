import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mintcore.cli.layers import layer_rows, print_layers
from mintcore.cli.model import app
from mintcore.models.layers import Layer

MAP = Layer("block", "map", (64, 14, 7), 5, role="stage", flops=126_900_000, parameters_up_to=853)
TOKENS = Layer("t", "tokens", (5, 8), 0, 1, (2, 2), class_token=True)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    run(tmp_path, "add", "m", "--arch", "mintcore:object-cnn-small", "--num-classes", "4")
    return tmp_path


def run(home: Path, *arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments, "--home", str(home)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def rows(home: Path, *options: str) -> dict[str, dict[str, Any]]:
    found = json.loads(run(home, "layers", "m", "--json", *options))
    return {row["name"]: row for row in found}


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (MAP, {"pooled_bytes": 128, "map_bytes": 2 * 64 * 8 * 7, "vector_bytes": None}),
        (TOKENS, {"pooled_bytes": 16, "map_bytes": 2 * 8 * 4, "vector_bytes": 16}),
    ],
)
def test_layer_rows__bytes_an_image_in_each_view(layer: Layer, expected: dict[str, int]) -> None:
    (row,) = layer_rows([layer], map_side=8)
    assert {key: row[key] for key in expected} == expected


def test_print_layers__counts_are_short(capsys: pytest.CaptureFixture[str]) -> None:
    print_layers(layer_rows([MAP], map_side=8))
    assert capsys.readouterr().out.split()[-8:] == [
        "stage",
        "map",
        "64x14x7",
        "128",
        "7168",
        "-",
        "853",
        "126.9M",
    ]


def test_print_layers__of_an_earlier_version_have_no_cost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    earlier = Layer.from_json({"name": "b", "kind": "vector", "shape": [4], "parameters": 7})
    print_layers(layer_rows([earlier], map_side=8))
    assert capsys.readouterr().out.split()[-2:] == ["-", "-"]


@pytest.mark.parametrize(("assumed", "notes"), [(True, 1), (False, 0)])
def test_print_layers__what_is_assumed_is_noted(
    assumed: bool, notes: int, capsys: pytest.CaptureFixture[str]
) -> None:
    layers = [MAP, Layer("odd", "tokens", (9, 2), 0, assumed=assumed)]
    print_layers(layer_rows(layers, map_side=8))
    assert capsys.readouterr().out.count("assumed") == notes


def test_layers__suggested_ones_have_roles(home: Path) -> None:
    assert {name: row["role"] for name, row in rows(home).items()} == {
        "input": "input",
        "block1": "stage",
        "block2": "stage",
        "block3": "stage",
        "dense": "embedding",
        "output": "output",
    }


def test_layers__all_lists_every_tap_and_marks_the_suggested(home: Path) -> None:
    every = rows(home, "--all")
    assert every["block1.0"]["role"] is None
    assert {name: row for name, row in every.items() if row["role"]} == rows(home)
