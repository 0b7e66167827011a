import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mintcore.cli.dataset import app
from mintcore.errors import MintError


@pytest.fixture
def source(tmp_path: Path) -> str:
    images = np.random.default_rng(0).integers(0, 256, (4, 4, 4), np.uint8)
    np.savez(tmp_path / "a.npz", images=images, split=list("xxyy"), label=[0, 1, 0, 1])
    return f"arrays:{tmp_path / 'a.npz'}"


def run(home: Path, *arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments, "--home", str(home)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_add__conditions_are_all_applied(tmp_path: Path, source: str) -> None:
    where = ["--where", "split=y", "--where", "label=1"]
    text = run(tmp_path, "add", "d", "--from", source, "--membership", "member", *where, "--json")
    assert json.loads(text)["where"] == {"split": "y", "label": "1"}
    assert json.loads(text)["counts"]["total"] == 1


def test_add__condition_without_equals_is_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(MintError, match="--where 'split' is not a condition"):
        run(tmp_path, "add", "d", "--from", source, "--membership", "member", "--where", "split")


def test_show__says_where_the_images_came_from(tmp_path: Path, source: str) -> None:
    run(tmp_path, "add", "d", "--from", source, "--membership", "external")
    assert source in run(tmp_path, "show", "d")


def test_list__counts_the_images(tmp_path: Path, source: str) -> None:
    run(tmp_path, "add", "d", "--from", source, "--membership", "external", "--limit", "3")
    row = run(tmp_path, "list").splitlines()[-1].split()
    assert row[:4] == ["d", "3", "0", "3"]


def test_add__download_is_for_torchvision_only(tmp_path: Path, source: str) -> None:
    with pytest.raises(MintError, match="--download is for torchvision:NAME:SPLIT:DIR"):
        run(tmp_path, "add", "d", "--from", source, "--membership", "member", "--download")


def test_add__help_names_every_source() -> None:
    help_text = CliRunner().invoke(app, ["add", "--help"], env={"COLUMNS": "300"}).stdout
    kinds = ["folder", "manifest", "arrays", "parquet", "webdataset", "recordio", "torchvision"]
    assert [kind for kind in kinds if f"{kind}:" not in help_text] == []


def test_show__says_how_large_the_images_are(tmp_path: Path, source: str) -> None:
    run(tmp_path, "add", "d", "--from", source, "--membership", "external")
    assert "4 x 4" in run(tmp_path, "show", "d")
    assert json.loads(run(tmp_path, "show", "d", "--json"))["most_width"] == 4


def test_overlap__says_what_two_datasets_share(tmp_path: Path, source: str) -> None:
    run(tmp_path, "add", "d", "--from", source, "--membership", "external")
    run(tmp_path, "add", "e", "--from", source, "--membership", "member", "--where", "split=x")
    text = run(tmp_path, "overlap", "d", "e")
    assert "2 images are in both" in text
    assert "exact: external " in text
    found = json.loads(run(tmp_path, "overlap", "d", "e", "--json", "--distance", "3"))
    assert (found["a"], found["exact"], found["distance"]) == ("d", 2, 3)


def test_overlap__tells_what_cannot_be_compared(tmp_path: Path) -> None:
    np.savez(tmp_path / "flat.npz", images=np.full((1, 9, 9), 3, np.uint8))
    run(tmp_path, "add", "f", "--from", f"arrays:{tmp_path}/flat.npz", "--membership", "member")
    assert "f: 1 images were not compared" in run(tmp_path, "overlap", "f", "f")


def test_add__two_values_of_one_column_are_refused(tmp_path: Path, source: str) -> None:
    where = ["--where", "split=x", "--where", "split=y"]
    with pytest.raises(MintError, match="--where names the column 'split' twice"):
        run(tmp_path, "add", "d", "--from", source, "--membership", "member", *where)


def test_overlap__negative_limit_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["overlap", "a", "b", "--limit", "-1", "--home", str(tmp_path)]
    )
    assert result.exit_code == 2
    assert "--limit" in result.output
