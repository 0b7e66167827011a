import io
import os
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from mintcore import serving
from mintcore.errors import MintError
from mintcore.reach import Reach
from mintcore.uploads import (
    UNNEEDED_AFTER_S,
    forget_upload,
    is_upload,
    keep_for_once,
    keep_upload,
    most_upload_mib,
    unneeded_uploads,
    upload_mib,
    uploads_of,
)
from store.artefacts import Home


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


def test_keep_for_once__each_upload_has_a_file_of_its_own(tmp_path: Path) -> None:
    home = Home(tmp_path)
    file = io.BytesIO(b"weights")
    first, second = (keep_for_once(home, file, ".pt") for _ in range(2))
    assert first != second
    assert first.read_bytes() == second.read_bytes() == b"weights"
    assert first.suffix == ".pt"
    forget_upload(home, first)
    assert not first.exists()
    assert second.exists()


def test_forget_upload__nothing_else_is_ever_deleted(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    inside = keep_upload(home, io.BytesIO(b"x"))
    other = tmp_path / "weights.pt"
    other.touch()
    link = inside.with_name("link.pt")
    link.symlink_to(other)
    for file in (other, link, home.path):
        assert not is_upload(home, file)
        forget_upload(home, file)
    assert other.exists()
    assert link.is_symlink()


def test_uploads_of__not_what_another_dataset_needs(tmp_path: Path) -> None:
    home = Home(tmp_path)
    alone, shared = (keep_upload(home, io.BytesIO(text)) for text in (b"a", b"b"))
    datasets = [
        {"id": "a", "source": f"zip:{alone}"},
        {"id": "b", "source": f"zip:{shared}"},
        {"id": "c", "source": f"zip:{shared}"},
        {"id": "d", "source": "folder:/data"},
    ]
    assert list(uploads_of(home, datasets, {"a", "b", "d"})) == [alone]
    assert set(uploads_of(home, datasets, {"b", "c"})) == {shared}


def test_unneeded_uploads__old_ones_that_nothing_names(tmp_path: Path) -> None:
    home = Home(tmp_path)
    of_dataset, of_zip_job, of_model_job, unnamed = (
        keep_upload(home, io.BytesIO(bytes([number]))) for number in range(4)
    )
    datasets = [{"id": "a", "source": f"zip:{of_dataset}"}]
    named = [f"zip:{of_zip_job}", str(of_model_job), "a"]
    assert unneeded_uploads(home, datasets, named) == []
    later = time.time() + UNNEEDED_AFTER_S + 60
    assert unneeded_uploads(home, datasets, named, later) == [unnamed]


def test_most_upload_mib__is_that_of_the_largest_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (upload_mib(), most_upload_mib()) == (500, 500)
    monkeypatch.setenv("MINT_UPLOAD_MIB", "10")
    assert (upload_mib(), most_upload_mib()) == (10, 64)
    monkeypatch.setenv("MINT_UPLOAD_MIB", "0")
    with pytest.raises(MintError, match="MINT_UPLOAD_MIB is '0': give a whole number from 1 on"):
        most_upload_mib()


def test_most_upload_mib__is_that_of_the_servers_own_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("MINT_UPLOAD_MIB", "MINT_IMAGE_MIB"):
        monkeypatch.delenv(name, raising=False)
    written = (serving.DASHBOARD.parents[1] / ".streamlit" / "config.toml").read_text(
        encoding="utf-8"
    )
    assert tomllib.loads(written)["server"]["maxUploadSize"] == most_upload_mib()


def test_most_upload_mib__is_what_the_server_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINT_UPLOAD_MIB", "900")
    assert ("server.maxUploadSize", "900") in serving._options(Home(tmp_path), Reach(), 8501)
