from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mintcore.datasets.reading import read_pixels
from mintcore.errors import MintError
from mintcore.faces.pairs import Pair, find_images, read_pairs

TWO_FOLDS = "2\t1\nAnn\t1\t2\nAnn\t1\tBob\t3\nBob\t1\t12\nBob\t2\tCarl_Jr\t1\n"


def written(folder: Path, text: str) -> Path:
    (folder / "pairs.txt").write_text(text)
    return folder / "pairs.txt"


def test_read_pairs__folds_names_and_kinds(tmp_path: Path) -> None:
    assert read_pairs(written(tmp_path, TWO_FOLDS)) == [
        Pair("Ann_0001", "Ann_0002", True, 0),
        Pair("Ann_0001", "Bob_0003", False, 0),
        Pair("Bob_0001", "Bob_0012", True, 1),
        Pair("Bob_0002", "Carl_Jr_0001", False, 1),
    ]


def test_read_pairs__header_without_folds_means_one(tmp_path: Path) -> None:
    found = read_pairs(written(tmp_path, "1\nAnn\t1\t2\nAnn\t1\tBob\t3\n"))
    assert {pair.fold for pair in found} == {0}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "does not begin with the number"),
        ("Ann 1 2\n", "does not begin with the number"),
        ("0 0\n", "does not begin with the number"),
        (TWO_FOLDS + "Ann\t3\t4\n", "has 5 pairs, but its first line says 2 folds"),
        (TWO_FOLDS.replace("Bob\t1\t12", "Bob\t1"), "Line 4 of .* is not a pair"),
        (
            TWO_FOLDS.replace("Bob\t2\tCarl_Jr\t1", "Bob\t2\t3"),
            "Fold 2 of .* has 2 pairs of one person and 0 of two, but its first line says 1 of each",
        ),
        (TWO_FOLDS.replace("Bob\t1\t12", "Bob\t1\tx"), "Line 4 of .* is not a pair"),
    ],
)
def test_read_pairs__what_is_wrong_is_said(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(MintError, match=reason):
        read_pairs(written(tmp_path, text))


def test_read_pairs__file_saved_by_windows(tmp_path: Path) -> None:
    (tmp_path / "pairs.txt").write_bytes(TWO_FOLDS.replace("\n", "\r\n").encode("utf-8-sig"))
    assert read_pairs(tmp_path / "pairs.txt")[0] == Pair("Ann_0001", "Ann_0002", True, 0)


def test_find_images__in_the_folders_of_people(tmp_path: Path) -> None:
    (tmp_path / "Ann").mkdir()
    Image.new("RGB", (4, 4), (9, 8, 7)).save(tmp_path / "Ann" / "Ann_0002.png")
    found = find_images(str(tmp_path), ["Ann_0002"])
    assert read_pixels(found["Ann_0002"])[0, 0].tolist() == [9, 8, 7]


def test_find_images__in_arrays_by_name(tmp_path: Path) -> None:
    images = np.stack([np.full((4, 4, 3), value, np.uint8) for value in (10, 20)])
    np.savez(tmp_path / "f.npz", images=images, name=np.array(["Ann_0001", "Bob_0001"]))
    found = find_images(f"arrays:{tmp_path / 'f.npz'}", ["Bob_0001"])
    assert list(found) == ["Bob_0001"]
    assert read_pixels(found["Bob_0001"]).max() == 20


def test_find_images__name_of_two_images_is_refused(tmp_path: Path) -> None:
    names = np.array(["Ann_0001", "Bob_0001", "Bob_0001"])
    np.savez(tmp_path / "f.npz", images=np.zeros((3, 4, 4, 3), np.uint8), name=names)
    source = f"arrays:{tmp_path / 'f.npz'}"
    assert list(find_images(source, ["Ann_0001"])) == ["Ann_0001"]
    with pytest.raises(MintError, match="has Bob_0001 2 times: keep one of them"):
        find_images(source, ["Ann_0001", "Bob_0001"])


def test_find_images__missing_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(MintError, match="lacks 2 of the 2 images of the pairs, first Ann_0001"):
        find_images(str(tmp_path), ["Ann_0002", "Ann_0001"])


def test_find_images__arrays_without_names_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "f.npz", images=np.zeros((1, 4, 4, 3), np.uint8))
    with pytest.raises(MintError, match="no array 'name'"):
        find_images(f"arrays:{tmp_path / 'f.npz'}", ["Ann_0001"])


@pytest.mark.parametrize("images", ["gone", "arrays:gone.npz"])
def test_find_images__place_that_is_not_there(images: str) -> None:
    with pytest.raises(MintError, match="is not a f"):
        find_images(images, ["Ann_0001"])
