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
