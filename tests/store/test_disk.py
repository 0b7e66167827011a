import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from store.disk import human_bytes, require_free
from store.errors import StoreError

Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (3 * 2**20, "3.0 MiB"),
        (22_000_000 * 1024, "21.0 GiB"),
        (5 * 2**40, "5.0 TiB"),
        (2**51, "2.0 PiB"),
    ],
)
def test_human_bytes__picks_the_unit(count: int, text: str) -> None:
    assert human_bytes(count) == text


def test_require_free__says_both_numbers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**40, 0, 2**30))

    with pytest.raises(StoreError, match=r"has 1\.0 GiB free, but 3\.0 GiB are needed"):
        require_free(tmp_path, 3 * 2**30)


def test_require_free__exactly_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**40, 0, 2**30))

    require_free(tmp_path, 2**30)
