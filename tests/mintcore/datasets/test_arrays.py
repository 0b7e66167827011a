import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from mintcore.datasets.arrays import ArraysSource, open_columns, open_images, read_image
from mintcore.errors import MintError

IMAGES = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)


def test_open_images__uncompressed_is_mapped_from_the_file_itself(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", label=np.array([1, 2]), images=IMAGES)
    images = open_images(tmp_path / "a.npz")
    assert isinstance(images, np.memmap)
    assert Path(str(images.filename)) == tmp_path / "a.npz"
    assert images.tolist() == IMAGES.tolist()


def test_open_images__uncompressed_takes_no_memory(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.zeros((1000, 64, 64, 3), np.uint8))
    tracemalloc.start()
    open_images(tmp_path / "a.npz")
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 1_000_000


def test_open_images__compressed_is_mapped_after_unpacking(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", images=IMAGES)
    images = open_images(tmp_path / "a.npz")
    assert isinstance(images, np.memmap)
    assert images.tolist() == IMAGES.tolist()


def test_open_images__column_order_is_understood(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.asfortranarray(IMAGES))
    assert open_images(tmp_path / "a.npz").tolist() == IMAGES.tolist()


def test_open_images__replaced_file_is_read_anew(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=IMAGES)
    open_images(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", images=IMAGES[:1])
    (tmp_path / "b.npz").replace(tmp_path / "a.npz")
    assert len(open_images(tmp_path / "a.npz")) == 1


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 4, 4, 3), np.float32),
        np.zeros((2, 4, 4, 4), np.uint8),
        np.zeros((2, 4), np.uint8),
        np.zeros((0, 4, 4), np.uint8),
    ],
    ids=["float", "four channels", "flat", "none"],
)
def test_open_images__other_arrays_are_refused(
    tmp_path: Path, images: np.ndarray[tuple[int, ...], np.dtype[np.generic]]
) -> None:
    np.savez(tmp_path / "a.npz", images=images)
    with pytest.raises(MintError, match=r"The images of .*a\.npz have shape"):
        open_images(tmp_path / "a.npz")


def test_open_images__missing_array_names_those_there_are(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", pictures=IMAGES)
    with pytest.raises(MintError, match=r"no array called 'images' \(it has pictures\)"):
        open_images(tmp_path / "a.npz")


def test_open_images__not_an_npz_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"hello")
    with pytest.raises(MintError, match=r"a\.npz is not a readable \.npz"):
        open_images(tmp_path / "a.npz")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_open_images__truncated_file_is_refused(tmp_path: Path, save: object) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), np.uint8)
    save(tmp_path / "a.npz", images=noise)  # type: ignore[operator]
    whole = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MintError):
        open_images(tmp_path / "a.npz")


def test_open_columns__only_arrays_with_one_value_an_image(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz", images=IMAGES, label=[3, 4], classes=["a", "b", "c"], box=[[1], [2]]
    )
    assert {name: list(array) for name, array in open_columns(tmp_path / "a.npz").items()} == {
        "label": [3, 4]
    }


def test_open_columns__pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=IMAGES, label=np.array(["x", None], object))
    with pytest.raises(MintError, match="pickled Python objects, which are never loaded"):
        open_columns(tmp_path / "a.npz")


def test_read_image__grey_comes_out_as_rgb(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.full((1, 2, 2), 9, np.uint8))
    assert read_image(tmp_path / "a.npz", 0).tolist() == [[[9] * 3] * 2] * 2


def test_read_image__index_beyond_the_end_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=IMAGES)
    with pytest.raises(MintError, match="holds 2 images, so there is no image 2"):
        read_image(tmp_path / "a.npz", 2)


def test_samples__nan_says_nothing(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=IMAGES, identity=np.array([7.5, np.nan]))
    identities = [sample.identity for sample in ArraysSource(tmp_path / "a.npz").samples()]
    assert identities == ["7.5", None]
