import csv
import gzip
import hashlib
import os
import pickle
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import sleep

import numpy as np
import pytest
import torchvision.datasets
from archive_files import png
from PIL import Image

from mintcore.datasets import torchvision_sets
from mintcore.datasets.reading import read_pixels
from mintcore.datasets.sample import Sample
from mintcore.datasets.sources import parse_source
from mintcore.errors import MintError

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 28, 28), np.uint8)


@pytest.fixture(autouse=True)
def nothing_held_in_memory() -> None:
    torchvision_sets._cached.cache_clear()


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for part in ("train", "t10k"):
        images = struct.pack(">IIII", 0x803, 3, 28, 28) + IMAGES.tobytes()
        (folder / f"{part}-images-idx3-ubyte").write_bytes(images)
        labels = struct.pack(">II", 0x801, 3) + bytes([7, 0, 9])
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(labels)
    return tmp_path


def write_cifar(folder: Path, batch: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a tiny CIFAR-10, and let torchvision take it for the official one."""
    below = folder / "cifar-10-batches-py"
    below.mkdir()
    contents = {
        "data_batch_1": batch,
        "test_batch": batch,
        "batches.meta": {"label_names": ["a", "b"]},
    }
    for name, content in contents.items():
        (below / name).write_bytes(pickle.dumps(content))
    md5s = {name: hashlib.md5((below / name).read_bytes()).hexdigest() for name in contents}  # noqa: S324 - as torchvision
    kind = torchvision.datasets.CIFAR10
    monkeypatch.setattr(kind, "train_list", [["data_batch_1", md5s["data_batch_1"]]])
    monkeypatch.setattr(kind, "test_list", [["test_batch", md5s["test_batch"]]])
    meta = {"filename": "batches.meta", "key": "label_names", "md5": md5s["batches.meta"]}
    monkeypatch.setattr(kind, "meta", meta)


def read(spec: str) -> list[Sample]:
    return list(parse_source(spec).samples())


def test_samples__labels_classes_and_pixels_of_mnist(mnist: Path) -> None:
    samples = read(f"torchvision:MNIST:test:{mnist}")
    assert [(s.label, s.columns["class"], s.split) for s in samples] == [
        ("7", "7 - seven", "test"),
        ("0", "0 - zero", "test"),
        ("9", "9 - nine", "test"),
    ]
    assert samples[1].uri == f"torchvision:MNIST:test:{mnist}#1"
    assert np.stack([read_pixels(s.uri)[:, :, 1] for s in samples]).tolist() == IMAGES.tolist()


def test_samples__pixels_and_labels_of_cifar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3), np.uint8)
    planes = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)).reshape(2, -1)
    write_cifar(tmp_path, {"data": planes, "labels": [1, 0]}, monkeypatch)
    samples = read(f"torchvision:CIFAR10:train:{tmp_path}")
    assert [sample.columns["class"] for sample in samples] == ["b", "a"]
    assert np.stack([read_pixels(sample.uri) for sample in samples]).tolist() == pixels.tolist()


class Harmful:
    """Makes a file when it is unpickled."""

    def __init__(self, made: Path) -> None:
        self._made = made

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (str(self._made),))


def test_samples__cifar_batch_that_is_not_the_official_one_is_never_unpickled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cifar(tmp_path, {"data": np.zeros((1, 3072), np.uint8), "labels": [1]}, monkeypatch)
    batch = tmp_path / "cifar-10-batches-py" / "data_batch_1"
    batch.write_bytes(pickle.dumps(Harmful(tmp_path / "harm")))
    with pytest.raises(MintError, match=r"CIFAR10:train:.* cannot be read \(Dataset not found or"):
        read(f"torchvision:CIFAR10:train:{tmp_path}")
    assert not (tmp_path / "harm").exists()


def test_samples__image_files_are_read_as_files(tmp_path: Path) -> None:
    folder = tmp_path / "gtsrb" / "GTSRB" / "Final_Test" / "Images"
    folder.mkdir(parents=True)
    Image.new("RGB", (4, 4), "red").save(folder / "00000.ppm")
    with (tmp_path / "gtsrb" / "GT-final_test.csv").open("w", newline="") as handle:
        rows = csv.writer(handle, delimiter=";")
        rows.writerows([["Filename", "ClassId"], ["00000.ppm", "16"]])
    (sample,) = read(f"torchvision:GTSRB:test:{tmp_path}")
    assert (sample.uri, sample.label) == (str(folder / "00000.ppm"), "16")
    assert read_pixels(sample.uri)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    ("spec", "files"),
    [
        ("Country211:test", {"country211/test/AD/1.png": png(5)}),
        (
            "DTD:val",
            {"dtd/dtd/labels/val1.txt": b"dots/1.png\n", "dtd/dtd/images/dots/1.png": png(5)},
        ),
        (
            "Food101:train",
            {
                "food-101/meta/train.json": b'{"soup": ["soup/1"]}',
                "food-101/images/soup/1.jpg": png(5),
            },
        ),
        ("GTSRB:train", {"gtsrb/GTSRB/Training/00007/00000_00029.ppm": png(5)}),
    ],
)
def test_samples__every_set_of_files(tmp_path: Path, spec: str, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (sample,) = read(f"torchvision:{spec}:{tmp_path}")
    assert sample.label == "0"
    assert read_pixels(sample.uri)[0, 0, 0] == 5


def test_read_pixels__threads_load_it_once(mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, construct = [], torchvision_sets._construct

    def slowly(*args: object, **options: object) -> object:
        loaded.append(args)
        sleep(0.05)
        return construct(*args, **options)

    monkeypatch.setattr(torchvision_sets, "_construct", slowly)
    with ThreadPoolExecutor(8) as pool:
        uris = [f"torchvision:MNIST:train:{mnist}#{index % 3}" for index in range(32)]
        assert len(list(pool.map(read_pixels, uris))) == 32
    assert len(loaded) == 1


def test_read_pixels__image_that_is_not_there(mnist: Path) -> None:
    with pytest.raises(MintError, match="holds 3 images: there is no image 3"):
        read_pixels(f"torchvision:MNIST:train:{mnist}#3")


def test_parse_source__unknown_name_lists_the_names() -> None:
    with pytest.raises(
        MintError, match=r"'LSUN' is not a dataset read here: choose CIFAR10, .*USPS"
    ):
        parse_source("torchvision:LSUN:train:/data")


def test_parse_source__unknown_split_lists_the_splits() -> None:
    with pytest.raises(MintError, match="SVHN has no split 'val': choose train, test, extra"):
        parse_source("torchvision:SVHN:val:/data")


def test_parse_source__without_a_folder_is_refused() -> None:
    with pytest.raises(MintError, match="incomplete: give torchvision:NAME:SPLIT:DIR"):
        parse_source("torchvision:CIFAR10")


def test_parse_source__every_name_is_one_of_torchvision() -> None:
    names = set(torchvision_sets.IN_MEMORY) | set(torchvision_sets.FILES)
    assert names <= set(torchvision.datasets.__all__)


def test_samples__missing_files_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(
        MintError,
        match=r"cannot be read \(Dataset not found\): check the folder, or add --download",
    ):
        read(f"torchvision:MNIST:train:{tmp_path}")


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    """Serve the folder ``mirror`` over HTTP on this machine."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "mirror"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_fetch__fetches_from_the_address_of_torchvision(
    mnist: Path, mirror: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mirror").mkdir()
    resources = []
    for file in sorted((mnist / "MNIST" / "raw").iterdir()):
        content = gzip.compress(file.read_bytes())
        (tmp_path / "mirror" / f"{file.name}.gz").write_bytes(content)
        resources.append((f"{file.name}.gz", hashlib.md5(content).hexdigest()))  # noqa: S324 - as torchvision
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [mirror])
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", resources)
    torchvision_sets.fetch(f"torchvision:MNIST:train:{tmp_path / 'new'}")
    assert len(read(f"torchvision:MNIST:train:{tmp_path / 'new'}")) == 3


def test_fetch__other_sources_have_nothing_to_fetch() -> None:
    with pytest.raises(MintError, match="--download is for torchvision:NAME:SPLIT:DIR"):
        torchvision_sets.fetch("folder:images")
