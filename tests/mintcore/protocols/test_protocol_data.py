import hashlib
from pathlib import Path

import numpy as np
import pytest
from data_files import noise, write_mosaic

from mintcore.errors import MintError
from mintcore.protocols.data import (
    DataFolder,
    cifar10_test,
    cifar10_train,
    gtsrb_train,
    lfw,
)
from mintcore.protocols.registry import PROTOCOLS

REAL = Path(__file__).parents[4] / "shared" / "data"
DOCS = Path(__file__).parents[3] / "docs"
TEST_IMAGES = "f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04"
CLASSES = np.array(["airplane", "automobile", "bird"])


def save(file: Path, **arrays: np.ndarray) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(file, **arrays)  # type: ignore[arg-type]


def test_cifar10__images_of_several_mosaics_are_in_order(tmp_path: Path) -> None:
    images = noise(500, 32, seed=0)
    labels = np.arange(500) % 3
    save(tmp_path / "cifar10" / "labels.npz", train=labels, test=labels[:2], classes=CLASSES)
    for number in range(5):
        file = tmp_path / "cifar10" / f"train_{number + 1}.webp"
        write_mosaic(file, images[100 * number : 100 * (number + 1)], columns=100)
    pictures = cifar10_train(DataFolder(tmp_path))
    assert np.array_equal(pictures.images, images)
    assert pictures.columns["label"][:4].tolist() == ["airplane", "automobile", "bird", "airplane"]


def test_cifar10__black_tiles_at_the_end_are_no_images(tmp_path: Path) -> None:
    save(tmp_path / "cifar10" / "labels.npz", test=np.array([2, 0]), classes=CLASSES)
    write_mosaic(tmp_path / "cifar10" / "test.webp", noise(2, 32, seed=0), columns=100)
    assert len(cifar10_test(DataFolder(tmp_path))) == 2


def test_gtsrb__frames_of_one_track_are_one_identity_and_are_numbered(tmp_path: Path) -> None:
    classes, tracks = np.array([0, 0, 0, 1]), np.array([7, 7, 8, 7])
    save(tmp_path / "gtsrb" / "labels.npz", train=classes, train_track=tracks)
    for number in range(1, 5):
        write_mosaic(tmp_path / "gtsrb" / f"train_{number}.jpg", noise(1, 32, number), columns=100)
    columns = gtsrb_train(DataFolder(tmp_path)).columns
    assert columns["identity"].tolist() == ["0-7", "0-7", "0-8", "1-7"]
    assert columns["frame"].tolist() == ["0", "1", "0", "0"]
    assert columns["label"].tolist() == ["0", "0", "0", "1"]


def test_lfw__people_are_named(tmp_path: Path) -> None:
    (tmp_path / "lfw112").mkdir()
    (tmp_path / "lfw112" / "names.txt").write_text("Al_Gore_0001\nAl_Gore_0002\nA_B_0001\n")
    for number in range(1, 7):
        write_mosaic(tmp_path / "lfw112" / f"faces_{number}.jpg", noise(1, 112, 0), columns=50)
    pictures = lfw(DataFolder(tmp_path))
    assert pictures.images.shape == (3, 112, 112, 3)
    assert pictures.columns["identity"].tolist() == ["Al_Gore", "Al_Gore", "A_B"]


def test_data__a_missing_file_is_named_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MintError, match=r"has no file cifar10/labels\.npz, which this protocol"):
        cifar10_test(DataFolder(tmp_path))


def test_data__a_mosaic_of_another_size_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "cifar10" / "labels.npz", test=np.array([0]), classes=CLASSES)
    write_mosaic(tmp_path / "cifar10" / "test.webp", noise(1, 32, seed=0), columns=99)
    with pytest.raises(MintError, match="32 x 3168 pixels, no rows of 100 tiles of 32 x 32"):
        cifar10_test(DataFolder(tmp_path))


def test_data__every_file_that_a_protocol_needs_is_documented() -> None:
    page = (DOCS / "protocols.md").read_text(encoding="utf-8")
    needed = {name for protocol in PROTOCOLS.values() for name in protocol.files}
    assert [name for name in sorted(needed) if f"`{name}`" not in page] == []


@pytest.mark.data
@pytest.mark.skipif(not REAL.is_dir(), reason=f"needs the real images in {REAL}")
def test_cifar10__the_real_test_images_are_the_official_ones_bit_by_bit() -> None:
    images = cifar10_test(DataFolder(REAL)).images
    assert hashlib.sha256(images.tobytes()).hexdigest() == TEST_IMAGES
