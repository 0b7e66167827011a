from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from mintcore.datasets.near_duplicates import Likeness
from mintcore.datasets.overlap import Overlap, find_overlap
from mintcore.datasets.reading import samples_file
from mintcore.datasets.registration import add_dataset
from mintcore.progress import SilentReporter
from store.artefacts import Home

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 40, 40, 3), np.uint8)
FLAT = np.full((2, 40, 40, 3), 90, np.uint8) + np.arange(2, dtype=np.uint8)[:, None, None, None]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """a: 10 images; b: three of them again, two brighter ones, two others; the last two of both are flat."""
    home = Home(tmp_path / "home")
    brighter = np.clip(IMAGES[3:5] * 1.1, 0, 255).astype(np.uint8)
    add(home, tmp_path, "a", np.concatenate([IMAGES[:10], FLAT[:1]]), "member")
    others = [IMAGES[:3], brighter, IMAGES[10:], FLAT[1:]]
    add(home, tmp_path, "b", np.concatenate(others), "external")
    return home


def add(home: Home, folder: Path, name: str, images: np.ndarray, membership: str) -> None:
    np.savez(folder / f"{name}.npz", images=images)
    add_dataset(home, name, f"arrays:{folder / name}.npz", membership)


def overlap(home: Home, first: str, second: str, limit: int = 9) -> Overlap:
    return find_overlap(home, first, second, Likeness(), limit=limit, reporter=SilentReporter())


def test_find_overlap__counts_exact_and_near(home: Home) -> None:
    found = overlap(home, "a", "b")
    assert (found.exact, found.near, found.near_images) == (3, 2, (2, 2))
    assert found.images == (11, 8)


def test_find_overlap__flat_images_are_unknown_and_alike_to_none(home: Home) -> None:
    assert overlap(home, "a", "b").unknown == (1, 1)


def test_find_overlap__examples_say_where_and_how(home: Home, tmp_path: Path) -> None:
    exact, near = (
        next(row for row in overlap(home, "a", "b").examples if row["kind"] == kind)
        for kind in ("exact", "near")
    )
    assert (exact["uri_a"], exact["uri_b"]) == (f"{tmp_path}/a.npz#0", f"{tmp_path}/b.npz#0")
    assert near["uri_a"] in {f"{tmp_path}/a.npz#3", f"{tmp_path}/a.npz#4"}
    assert (near["membership_a"], near["membership_b"]) == ("member", "external")
    assert near["similarity"] > 0.99
    assert near["distance"] <= 8


def test_find_overlap__limit_is_of_each_kind(home: Home) -> None:
    kinds = [row["kind"] for row in overlap(home, "a", "b", limit=1).examples]
    assert kinds == ["exact", "near"]


def test_find_overlap__inside_one_dataset(home: Home, tmp_path: Path) -> None:
    small = np.asarray(Image.fromarray(IMAGES[7]).resize((40, 40), Image.Resampling.NEAREST))
    twice = np.stack([IMAGES[5], IMAGES[6], IMAGES[5], IMAGES[7], np.roll(small, 0) // 2 + 60])
    add(home, tmp_path, "c", twice, "unknown")
    found = overlap(home, "c", "c")
    assert (found.exact, found.near, found.near_images) == (1, 1, (2, 2))
    assert found.images == (4, 4)
    exact, near = found.examples
    assert (exact["uri_a"][-2:], exact["uri_b"][-2:]) == ("#0", "#2")
    assert (near["uri_a"][-2:], near["uri_b"][-2:]) == ("#3", "#4")


def test_find_overlap__dataset_of_an_earlier_version_has_exact_ones_only(home: Home) -> None:
    file = samples_file(home, "b")
    table = pq.read_table(file)
    pq.write_table(table.select(table.column_names[:8]), file)
    found = overlap(home, "a", "b")
    assert (found.exact, found.near) == (3, 0)
    assert found.unknown == (1, 8)
