import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mintcore.cli.model import app
from mintcore.errors import MintError

FRESH = ["add", "m", "--arch", "mintcore:object-cnn-small", "--num-classes", "4"]


def run(home: Path, *arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments, "--home", str(home)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_add__grey_model_of_another_size(tmp_path: Path) -> None:
    text = run(tmp_path, *FRESH, "--size", "28x24", "--mean", ".5", "--std", ".25", "--json")
    assert json.loads(text)["preprocessing"] == {"size": [28, 24], "mean": [0.5], "std": [0.25]}


def test_add__size_is_that_of_the_family_by_default(tmp_path: Path) -> None:
    assert json.loads(run(tmp_path, *FRESH, "--json"))["preprocessing"]["size"] == [32, 32]


def test_list__names_the_models(tmp_path: Path) -> None:
    run(tmp_path, *FRESH)
    assert "mintcore:object-cnn-small" in run(tmp_path, "list")


def test_layers__bytes_an_image_in_float16(tmp_path: Path) -> None:
    run(tmp_path, *FRESH)
    rows = json.loads(run(tmp_path, "layers", "m", "--map-side", "4", "--json"))
    found = {row["name"]: (row["pooled_bytes"], row["map_bytes"]) for row in rows}
    assert found["block1"] == (2 * 16, 2 * 16 * 4 * 4)
    assert found["output"] == (2 * 4, None)


@pytest.mark.parametrize(
    ("option", "value"), [("--size", "32x32x3"), ("--size", "big"), ("--mean", ".5;.5")]
)
def test_add__what_is_no_number_is_refused(tmp_path: Path, option: str, value: str) -> None:
    with pytest.raises(MintError, match=value):
        run(tmp_path, *FRESH, option, value)


def test_add__factory_needs_a_size(tmp_path: Path) -> None:
    with pytest.raises(MintError, match="give --size"):
        run(tmp_path, "add", "m", "--arch", "users.code:net")
