import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mintcore.cli.model import app
from mintcore.errors import MintError
from mintcore.models.architectures import build
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import register_module
from store.artefacts import Home

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


def test_show__what_it_was_made_from(tmp_path: Path) -> None:
    run(tmp_path, *FRESH, "--seed", "3")
    assert "fresh weights, seed 3" in run(tmp_path, "show", "m")
    weights = tmp_path / "models" / "m" / "weights.safetensors"
    run(tmp_path, "add", "n", *FRESH[2:4], "--weights", str(weights))
    assert str(weights) in run(tmp_path, "show", "n")


def test_show__what_it_was_trained_on(tmp_path: Path) -> None:
    preprocessing = Preprocessing((32, 32), (0.5,) * 3, (0.5,) * 3)
    module = build(FRESH[3], num_classes=4, in_channels=3)
    trained_on = {"datasets": ["one", "two"]}
    register_module(Home(tmp_path), "m", FRESH[3], module, preprocessing, trained_on=trained_on)
    assert "training on one, two" in run(tmp_path, "show", "m")


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


def test_add__architecture_without_a_family_says_which_there_are(tmp_path: Path) -> None:
    with pytest.raises(MintError, match="'resnet18' lacks its family: give torchvision:NAME"):
        run(tmp_path, "add", "m", "--arch", "resnet18")


def test_add__classes_from_the_command_line(tmp_path: Path) -> None:
    card = json.loads(run(tmp_path, *FRESH, "--classes", "cat, dog,horse,cow", "--json"))
    assert card["classes"] == ["cat", "dog", "horse", "cow"]
    assert "cat, dog, horse, cow" in run(tmp_path, "show", "m")


def test_add__classes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("cat\nbig dog\nhorse\ncow\n\n")
    words = ("--classes", str(tmp_path / "classes.txt"), "--json")
    card = json.loads(run(tmp_path / "home", *FRESH, *words))
    assert card["classes"] == ["cat", "big dog", "horse", "cow"]


@pytest.mark.parametrize(
    ("classes", "reason"),
    [
        ("a,b,c", "3 classes were named, but the model has 4 outputs"),
        ("a,b,c,b", "The class 'b' is named twice"),
    ],
)
def test_add__classes_that_do_not_fit_are_refused(
    tmp_path: Path, classes: str, reason: str
) -> None:
    with pytest.raises(MintError, match=reason):
        run(tmp_path, *FRESH, "--classes", classes)


def test_add__embedding_of_a_model_of_ones_own(tmp_path: Path) -> None:
    card = json.loads(run(tmp_path, *FRESH, "--head", "embedding", "--json"))
    assert (card["head"], card["embedding_size"], card["num_classes"]) == ("embedding", 4, None)
    assert "embedding of 4" in run(tmp_path, "list")


def test_add__embedding_has_no_classes(tmp_path: Path) -> None:
    with pytest.raises(MintError, match="gives an embedding has no classes"):
        run(tmp_path, *FRESH, "--head", "embedding", "--classes", "a,b,c,d")


def test_add__unknown_head_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MintError, match="give classifier or embedding"):
        run(tmp_path, *FRESH, "--head", "logits")


def test_show__all_of_the_preprocessing(tmp_path: Path) -> None:
    options = [
        "--size",
        "30x28",
        "--resize",
        "40",
        "--interpolation",
        "bicubic",
        "--colours",
        "BGR",
    ]
    run(tmp_path, *FRESH, *options, "--mean", ".1,.2,.3", "--std", ".4,.5,.6")
    text = run(tmp_path, "show", "m")
    for said in ("30x28", "40", "bicubic", "BGR", "0.1, 0.2, 0.3", "0.4, 0.5, 0.6", "4 classes"):
        assert said in text
