import io
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintcore.datasets.offers import allowed_roots, folder_below, keep_upload, suggested_name
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


def test_keep_upload__the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    content = os.urandom(3 * 2**20)
    kept = keep_upload(home, io.BytesIO(content))
    assert kept.read_bytes() == content
    assert keep_upload(home, io.BytesIO(content)) == kept
    assert list(kept.parent.iterdir()) == [kept]


def test_keep_upload__a_full_disk_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MintError, match=r"cannot be kept in .*No space left"):
        keep_upload(Home(tmp_path), io.BytesIO(b"content"))
    assert list((tmp_path / "uploads").iterdir()) == []


@given(st.text(st.characters(codec="utf-8")))
def test_suggested_name__can_be_the_name_of_a_dataset(tmp_path_factory: Any, offered: str) -> None:
    Home(Path("/home")).folder("datasets", suggested_name(offered))
