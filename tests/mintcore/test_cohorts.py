from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintcore.cohorts import build_cohort, part_of
from mintcore.datasets.reading import samples
from mintcore.datasets.registration import add_dataset
from mintcore.errors import MintError
from store.artefacts import Home


@given(st.text(max_size=30), st.integers(0, 2**31))
def test_part_of__a_group_always_falls_into_the_same_part(group: str, seed: int) -> None:
    assert part_of(group, seed) == part_of(group, seed)


def test_part_of__shares_are_as_stated() -> None:
    parts = Counter(part_of(f"image {i}", seed=1) for i in range(20_000))
    assert parts["train"] / 20_000 == pytest.approx(0.5, abs=0.015)
    assert parts["validation"] / 20_000 == pytest.approx(0.15, abs=0.01)


def test_build_cohort__two_seeds_split_differently(digits_home: Home) -> None:
    one = build_cohort(digits_home, "members", "external", seed=1)
    two = build_cohort(digits_home, "members", "external", seed=2)
    assert one.sample_ids == two.sample_ids
    assert (one.part != two.part).any()


def test_build_cohort__an_identity_is_in_one_part_only(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (600, 8, 8), np.uint8)
    people = np.array([f"person {i // 4}" for i in range(600)])
    membership = np.where(np.arange(600) % 2 == 0, "member", "external")
    np.savez(tmp_path / "faces.npz", images=images, identity=people, membership=membership)
    home = Home(tmp_path / "home")
    add_dataset(home, "faces", f"arrays:{tmp_path / 'faces.npz'}", "column:membership")
    cohort = build_cohort(home, "faces", "faces", seed=0)
    person_of = dict(zip(_ids(home), people, strict=True))
    parts_of: dict[str, set[str]] = {}
    for sample_id, part in zip(cohort.sample_ids, cohort.part, strict=True):
        parts_of.setdefault(person_of[sample_id], set()).add(part)
    assert all(len(parts) == 1 for parts in parts_of.values())
    assert len(parts_of) == 150


def test_build_cohort__an_image_on_both_sides_is_refused(digits_home: Home) -> None:
    file = digits_home.path.parent / "again.npz"
    source = digits_home.card("datasets", "members")["source"].removeprefix("arrays:")
    np.savez(file, images=np.load(source)["images"][:40])
    add_dataset(digits_home, "again", f"arrays:{file}", "external")
    with pytest.raises(MintError, match="40 images stand both among the members"):
        build_cohort(digits_home, "members", "again", seed=0)


def test_build_cohort__names_the_dataset_without_members(digits_home: Home) -> None:
    with pytest.raises(MintError, match="'external' has no readable image of membership 'member'"):
        build_cohort(digits_home, "external", "external", seed=0)


def test_build_cohort__too_few_images_are_refused(tmp_path: Path, digits_home: Home) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8), np.uint8)
    np.savez(tmp_path / "few.npz", images=images)
    add_dataset(digits_home, "few", f"arrays:{tmp_path / 'few.npz'}", "external")
    with pytest.raises(MintError, match="at least 10 are needed"):
        build_cohort(digits_home, "members", "few", seed=0)


def _ids(home: Home) -> list[str]:
    return samples(home, "faces").column("sample_id").to_pylist()
