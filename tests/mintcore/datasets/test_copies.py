import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mintcore.datasets.copies import find_copies
from mintcore.datasets.near_duplicates import Likeness, near_pairs
from mintcore.datasets.perceptual import Looks, look_of, looks_of_spectra
from mintcore.datasets.registration import add_dataset
from store.artefacts import Home


def _pictures(count: int, seed: int) -> np.ndarray:
    """Smooth random pictures, (count, 48, 48, 3) uint8."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 6, 6, 3), np.uint8)
    return np.stack([np.asarray(Image.fromarray(one).resize((48, 48))) for one in coarse])


PICTURES = _pictures(40, seed=1)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("copies")
    made = Home(folder / "home")
    for name, cut, membership in (
        ("in", slice(0, 20), "member"),
        ("out", slice(15, 40), "external"),
    ):
        np.savez(folder / f"{name}.npz", images=PICTURES[cut], label=np.full(40, "x")[cut])
        add_dataset(made, name, f"arrays:{folder / f'{name}.npz'}", membership)
    return made


def test_find_copies__the_very_image_in_each_dataset_that_has_it(home: Home) -> None:
    found = find_copies(home, ["in", "out"], PICTURES[17])
    assert [(copy.dataset, copy.membership, copy.exact) for copy in found.found] == [
        ("in", "member", True),
        ("out", "external", True),
    ]
    assert (found.count, found.compared, found.unseen) == (2, 45, 0)


def test_find_copies__brighter_and_mirrored_copies_are_near(home: Home) -> None:
    brighter = (PICTURES[3].astype(float) * 0.9 + 10).astype(np.uint8)
    (copy,) = find_copies(home, ["in", "out"], brighter).found
    assert (copy.dataset, copy.exact, copy.mirrored) == ("in", False, False)
    assert copy.uri.endswith("#3")
    (turned,) = find_copies(home, ["in", "out"], brighter[:, ::-1].copy()).found
    assert (turned.sample_id, turned.mirrored) == (copy.sample_id, True)


def test_find_copies__another_image_has_none(home: Home) -> None:
    assert find_copies(home, ["in", "out"], _pictures(1, seed=2)[0]).found == []


def test_find_copies__an_image_of_one_colour_has_no_look(home: Home) -> None:
    found = find_copies(home, ["in", "out"], np.full((48, 48, 3), 7, np.uint8))
    assert (found.count, found.has_look) == (0, False)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_find_copies__finds_what_the_comparison_of_all_pairs_finds(home: Home, seed: int) -> None:
    """The same criterion, whichever way it is asked."""
    rng = np.random.default_rng(seed)
    noisy = PICTURES[:20] + rng.normal(0, rng.uniform(0, 40), PICTURES[:20].shape)
    changed = np.clip(noisy, 0, 255).astype(np.uint8)
    expected: set[tuple[int, int]] = set()
    for pairs in near_pairs(_looks(changed), _looks(PICTURES[:20]), Likeness()):
        expected |= set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    found = {
        (place, int(copy.uri.rpartition("#")[2]))
        for place, image in enumerate(changed)
        for copy in find_copies(home, ["in"], image).found
    }
    assert found == expected


def _looks(images: np.ndarray) -> Looks:
    return looks_of_spectra([look.spectrum if look else None for look in map(look_of, images)])
