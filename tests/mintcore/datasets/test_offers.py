import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintcore.datasets.offers import (
    allowed_roots,
    file_below,
    folder_below,
    require_image_below,
    require_offered,
    suggested_name,
)
from mintcore.errors import MintError
from store.artefacts import Home


def test_allowed_roots__as_the_environment_lists_them(tmp_path: Path) -> None:
    assert allowed_roots({}) == []
    listed = os.pathsep.join([str(tmp_path), "", "/data"])
    assert allowed_roots({"MINT_DATA_ROOTS": listed}) == [tmp_path.resolve(), Path("/data")]


def test_folder_below__finds_a_folder(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    (root / "a" / "b").mkdir(parents=True)
    assert folder_below(root, "a/b") == root / "a" / "b"
    assert folder_below(root, "a/../a") == root / "a"
    assert folder_below(root, "") == root


@pytest.mark.parametrize(
    "below",
    ["..", "../outside", "a/../../outside", "/etc", "link", "file", "nothing", "a\0b", "x" * 5000],
)
def test_folder_below__nothing_else(tmp_path: Path, below: str) -> None:
    root = tmp_path.resolve() / "root"
    (root / "a").mkdir(parents=True)
    (root / "file").touch()
    (tmp_path / "outside").mkdir()
    (root / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(MintError, match="is no folder below"):
        folder_below(root, below)


@pytest.mark.parametrize(
    "below", ["..", "../outside.csv", "/etc/passwd", "link.csv", "a", "", "no"]
)
def test_file_below__nothing_else(tmp_path: Path, below: str) -> None:
    root = tmp_path.resolve() / "root"
    (root / "a").mkdir(parents=True)
    (root / "a" / "file.csv").touch()
    (tmp_path / "outside.csv").touch()
    (root / "link.csv").symlink_to(tmp_path / "outside.csv")
    assert file_below(root, "a/file.csv") == root / "a" / "file.csv"
    with pytest.raises(MintError, match="is no file below"):
        file_below(root, below)


def test_require_offered__uploads_and_what_lies_below_a_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, root = Home(tmp_path / "home"), tmp_path / "root"
    for folder in (root, home.path / "uploads"):
        folder.mkdir(parents=True)
        (folder / "file").touch()
    outside = home.path / "card.json"
    outside.touch()
    (root / "link").symlink_to(outside)
    monkeypatch.setenv("MINT_DATA_ROOTS", str(root))
    assert require_offered(home, root / "file") == root / "file"
    assert require_offered(home, home.path / "uploads" / "file").name == "file"
    for refused in (outside, root / "link", root / ".." / "home", Path("/etc/passwd")):
        with pytest.raises(MintError, match="below none of the folders"):
            require_offered(home, refused)
    with pytest.raises(MintError, match="upload it again"):
        require_offered(home, home.path / "uploads" / "gone")
    monkeypatch.delenv("MINT_DATA_ROOTS")
    with pytest.raises(MintError, match="below none"):
        require_offered(home, root / "file")


@pytest.mark.parametrize("inside", ["a.png", "set.npz#3", "b.zip#0/x.png", "gone.png"])
def test_require_image_below__files_and_places_in_files(tmp_path: Path, inside: str) -> None:
    root = tmp_path.resolve()
    require_image_below(f"{root}/{inside}", (root,))


@pytest.mark.parametrize(
    "uri",
    [
        "{out}/a.png",
        "{out}/set.npz#3",
        "{root}/../a.png",
        "{root}/link.png",
        "{root}/linked/a.png",
        "torchvision:CIFAR10:train:{root}#3",
        "/etc/passwd",
        "a.png",
    ],
)
def test_require_image_below__nothing_else(tmp_path: Path, uri: str) -> None:
    root, out = tmp_path.resolve() / "root", tmp_path.resolve() / "out"
    for folder in (root, out):
        folder.mkdir()
    (root / "link.png").symlink_to(out / "a.png")
    (root / "linked").symlink_to(out)
    with pytest.raises(MintError, match="below none of the folders"):
        require_image_below(uri.format(root=root, out=out), (root,))


@given(st.text(st.characters(codec="utf-8")))
def test_suggested_name__can_be_the_name_of_a_dataset(tmp_path_factory: Any, offered: str) -> None:
    Home(Path("/home")).folder("datasets", suggested_name(offered))
