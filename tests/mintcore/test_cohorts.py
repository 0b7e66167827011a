from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintcore import overlaps
from mintcore.cohorts import build_cohort, part_of
from mintcore.datasets.reading import samples, samples_file
from mintcore.datasets.registration import add_dataset
from mintcore.errors import MintError
from mintcore.overlaps import remarks
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


def test_build_cohort__what_is_on_both_sides_is_left_out_where_that_is_allowed(
    digits_home: Home,
) -> None:
    file = digits_home.path.parent / "again.npz"
    members, external = (_images(digits_home, name) for name in ("members", "external"))
    np.savez(file, images=np.concatenate([members[:40], external[:400]]))
    add_dataset(digits_home, "again", f"arrays:{file}", "external")
    cohort = build_cohort(digits_home, "members", "again", seed=0, allow_overlap=True)
    shared = samples(digits_home, "members", limit=40).column("sample_id").to_pylist()
    assert not set(shared) & set(cohort.sample_ids)
    assert cohort.is_member.sum() == 460
    assert (~cohort.is_member).sum() == 400
    assert (cohort.overlap["exact"], cohort.overlap["allowed"]) == (40, True)


def test_build_cohort__an_image_that_one_dataset_lists_as_both_is_on_both_sides(
    tmp_path: Path,
) -> None:
    photos = _noise(300)
    membership = ["member", "external"] * 150 + ["external", "external"]
    file = tmp_path / "all.npz"
    np.savez(file, images=np.concatenate([photos, photos[:2]]), membership=np.array(membership))
    home = Home(tmp_path / "home")
    add_dataset(home, "all", f"arrays:{file}", "column:membership")
    with pytest.raises(MintError, match=r"1 images stand both .* \(for example .*all\.npz#0\)"):
        build_cohort(home, "all", "all", seed=0)
    cohort = build_cohort(home, "all", "all", seed=0, allow_overlap=True)
    assert (cohort.overlap["exact"], cohort.overlap["left_out"]) == (1, 2)
    assert (cohort.is_member.sum(), len(cohort.is_member)) == (149, 299)


def test_build_cohort__a_few_near_duplicates_are_left_out_of_both_sides(tmp_path: Path) -> None:
    home = _photos(tmp_path, copies=3)
    cohort = build_cohort(home, "in", "out", seed=0)
    assert cohort.overlap == {
        "exact": 0,
        "near": 3,
        "left_out": 6,
        "unknown": 0,
        "allowed": False,
    }
    copied = samples(home, "in", limit=3).column("sample_id").to_pylist()
    assert not set(copied) & set(cohort.sample_ids)
    assert len(cohort.sample_ids) == 194


def test_build_cohort__many_near_duplicates_are_refused_with_examples(tmp_path: Path) -> None:
    home = _photos(tmp_path, copies=30)
    with pytest.raises(
        MintError,
        match=r"30 of 100 images of 'in' are near-duplicates .*in\.npz#\d+ and .*out\.npz#\d+",
    ):
        build_cohort(home, "in", "out", seed=0)


def test_build_cohort__allowed_near_duplicates_are_in_one_part(tmp_path: Path) -> None:
    home = _photos(tmp_path, copies=30)
    cohort = build_cohort(home, "in", "out", seed=0, allow_overlap=True)
    assert (cohort.overlap["near"], cohort.overlap["left_out"]) == (30, 0)
    assert (cohort.part[:30] == cohort.part[100:130]).all()


def test_build_cohort__near_duplicates_of_one_side_are_in_one_part(tmp_path: Path) -> None:
    photos = _noise(100)
    copies = [np.clip(photos[:40] * factor, 0, 255) for factor in (1.05, 0.95)]
    home = Home(tmp_path / "home")
    _add(home, tmp_path, "in", np.concatenate([photos, *copies]).astype(np.uint8), "member")
    _add(home, tmp_path, "out", _noise(100, seed=1), "external")
    cohort = build_cohort(home, "in", "out", seed=0)
    parts = cohort.part[:180]
    assert (parts[100:140] == parts[:40]).all()
    assert (parts[140:180] == parts[:40]).all()
    assert len(set(parts[:40])) == 3


def test_build_cohort__near_duplicates_bring_their_identities_together(tmp_path: Path) -> None:
    photos = _noise(200)
    people = np.array([f"person {i // 2}" for i in range(200)])
    copies = np.clip(photos[:100:2] * 1.05, 0, 255).astype(np.uint8)  # of others' first images
    others = np.array([f"stranger {i // 2}" for i in range(50)])
    home = Home(tmp_path / "home")
    file = tmp_path / "in.npz"
    np.savez(file, images=np.concatenate([photos, copies]), identity=np.append(people, others))
    add_dataset(home, "in", f"arrays:{file}", "member")
    _add(home, tmp_path, "out", _noise(100, seed=1), "external")
    cohort = build_cohort(home, "in", "out", seed=0)
    parts_of: dict[str, set[str]] = {}
    # stranger n looks like person 2n and like person 2n + 1, so that all three are one
    for place, part in enumerate(cohort.part[:250]):
        one = place // 2 // 2 if place < 100 else place // 2
        together = f"group {one}" if place < 200 else f"group {(place - 200) // 2}"
        parts_of.setdefault(together, set()).add(part)
    assert all(len(parts) == 1 for parts in parts_of.values())


def test_build_cohort__an_image_that_is_like_no_other_keeps_its_part(tmp_path: Path) -> None:
    home = _photos(tmp_path, copies=3)
    _add(home, tmp_path, "more", _noise(100, seed=7), "external")
    one = build_cohort(home, "in", "out", seed=0)
    two = build_cohort(home, "in", "more", seed=0)
    parts = dict(zip(one.sample_ids, one.part, strict=True))
    again = [i for i, name in enumerate(two.sample_ids) if name in parts]
    assert len(again) == 97
    assert all(parts[two.sample_ids[i]] == two.part[i] for i in again)
    assert all(two.part[i] == part_of(two.sample_ids[i], 0) for i in again)


def test_build_cohort__datasets_of_an_earlier_version_are_split_as_ever(tmp_path: Path) -> None:
    home = _photos(tmp_path, copies=30)
    for name in ("in", "out"):
        file = samples_file(home, name)
        table = pq.read_table(file)
        pq.write_table(table.select(table.column_names[:8]), file)
    cohort = build_cohort(home, "in", "out", seed=0)
    assert cohort.part.tolist() == [part_of(name, 0) for name in cohort.sample_ids]
    assert cohort.overlap["unknown"] == 200
    assert "registered by an earlier version" in remarks(cohort.overlap)[0]


def test_build_cohort__too_many_images_are_not_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = _photos(tmp_path, copies=30)
    monkeypatch.setattr(overlaps, "MAX_COMPARED", 199)
    cohort = build_cohort(home, "in", "out", seed=0)
    assert cohort.overlap["near"] is None
    assert "not looked for among more than 199 images" in remarks(cohort.overlap)[0]


def test_split_digest__depends_on_the_split(tmp_path: Path) -> None:
    home = _photos(tmp_path, copies=3)
    digests = {
        build_cohort(home, "in", "out", seed=seed, allow_overlap=allowed).split_digest()
        for seed in (0, 1)
        for allowed in (False, True)
    }
    assert len(digests) == 4


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


def _images(home: Home, name: str) -> np.ndarray:
    file = home.card("datasets", name)["source"].removeprefix("arrays:")
    return np.asarray(np.load(file)["images"])


def _noise(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3), np.uint8)


def _add(home: Home, folder: Path, name: str, images: np.ndarray, membership: str) -> None:
    np.savez(folder / f"{name}.npz", images=images)
    add_dataset(home, name, f"arrays:{folder / name}.npz", membership)


def _photos(folder: Path, copies: int) -> Home:
    """100 members and 100 externals; the first externals are brighter copies of the first members."""
    home = Home(folder / "home")
    members, external = _noise(100), _noise(100, seed=1)
    external[:copies] = np.clip(members[:copies] * 1.05, 0, 255).astype(np.uint8)
    _add(home, folder, "in", members, "member")
    _add(home, folder, "out", external, "external")
    return home


def test_build_cohort__several_datasets_of_externals_are_one_side(tmp_path: Path) -> None:
    home = _photos(tmp_path, copies=3)
    _add(
        home,
        tmp_path,
        "more",
        np.concatenate([_noise(100, seed=7), _noise(20, seed=1)]),
        "external",
    )
    cohort = build_cohort(home, "in", ("out", "more"), seed=0)
    assert len(set(cohort.sample_ids)) == len(cohort.sample_ids)
    shared = 17  # of 20, three of them are near-duplicates of members in "out"
    assert (~cohort.is_member).sum() == 97 + 120 - shared
    origin = cohort.made_from["external"]
    assert origin["dataset"] == "out + more"
    assert [part["dataset"] for part in origin["parts"]] == ["out", "more"]
    alone = build_cohort(home, "in", "more", seed=0)
    parts = dict(zip(alone.sample_ids, alone.part, strict=True))
    pairs = zip(cohort.sample_ids, cohort.part, strict=True)
    assert all(parts.get(name, part) == part for name, part in pairs)


def test_build_cohort__one_of_several_is_the_same_as_it_alone(tmp_path: Path) -> None:
    home = _photos(tmp_path, copies=3)
    alone, listed = (build_cohort(home, "in", named, seed=0) for named in ("out", ("out", "out")))
    assert listed.split_digest() == alone.split_digest()
    assert listed.made_from == alone.made_from


def test_build_cohort__overlap_with_one_of_several_names_the_commands(tmp_path: Path) -> None:
    home = _photos(tmp_path, copies=30)
    _add(home, tmp_path, "more", _noise(100, seed=7), "external")
    with pytest.raises(
        MintError, match=r"'out \+ more'.*overlap in out` and `mint dataset overlap in more`"
    ):
        build_cohort(home, "in", ("out", "more"), seed=0)
