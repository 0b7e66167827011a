import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mintcore.datasets import near_duplicates
from mintcore.datasets.near_duplicates import (
    Likeness,
    block_count,
    concatenated,
    groups_of,
    near_pairs,
    near_pairs_within,
)
from mintcore.datasets.perceptual import Looks, look_of, looks_of_spectra
from mintcore.errors import MintError
from store.samples import SPECTRUM_BYTES


def looks(spectra: np.ndarray, known: list[bool] | None = None) -> Looks:
    kept = known or [True] * len(spectra)
    return looks_of_spectra(
        [row.tobytes() if keep else None for row, keep in zip(spectra, kept, strict=True)]
    )


def seen(pictures: np.ndarray) -> Looks:
    kept = [look_of(picture) for picture in pictures]
    return looks_of_spectra([look.spectrum if look else None for look in kept])


def random_spectra(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-120, 120, (count, SPECTRUM_BYTES)).astype(np.int8)


def nudged(spectra: np.ndarray) -> np.ndarray:
    """Copies: a few small changes, which turn no sign of a large value."""
    noise = np.random.default_rng(1).integers(-3, 4, spectra.shape)
    return np.clip(spectra + noise, -128, 127).astype(np.int8)


def test_near_pairs__finds_copies_among_many() -> None:
    spectra = random_spectra(500)
    copies = nudged(spectra[[7, 300]])
    (found,) = [p for p in near_pairs(looks(copies), looks(spectra), Likeness()) if len(p)]
    assert found.first.tolist() == [0, 1]
    assert found.second.tolist() == [7, 300]
    assert not found.mirrored.any()


def test_near_pairs__a_mirrored_copy_counts() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    mirrored = np.ascontiguousarray(pictures[1, :, ::-1])
    found = concatenated(list(near_pairs(seen(mirrored[None]), seen(pictures), Likeness())))
    assert found.second.tolist() == [1]
    assert found.mirrored.tolist() == [True]
    assert found.similarity[0] == pytest.approx(1, abs=1e-3)


def test_near_pairs__hash_alone_is_not_enough() -> None:
    spectra = random_spectra(1)
    other = np.where(spectra >= 0, 1, -128).astype(np.int8)  # the same signs
    pairs = near_pairs(looks(spectra), looks(other), Likeness(similarity=0.99))
    assert len(concatenated(list(pairs))) == 0
    pairs = near_pairs(looks(spectra), looks(other), Likeness(similarity=0))
    assert len(concatenated(list(pairs))) == 1


def test_near_pairs__images_without_a_look_are_like_none() -> None:
    spectra = random_spectra(3)
    first = looks(spectra, [False, True, True])
    second = looks(spectra, [True, True, False])
    found = concatenated(list(near_pairs(first, second, Likeness())))
    assert (found.first.tolist(), found.second.tolist()) == ([1], [1])


def test_near_pairs_within__every_pair_once_whatever_the_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spectra = random_spectra(30)
    spectra[[4, 17, 29]] = nudged(spectra[[4, 4, 4]])
    spectra[20] = nudged(spectra[[2]])[0]
    expected = {(2, 20), (4, 17), (4, 29), (17, 29)}
    for block_pairs in (1, 100, 2**22):
        monkeypatch.setattr(near_duplicates, "_BLOCK_PAIRS", block_pairs)
        blocks = list(near_pairs_within(looks(spectra), Likeness()))
        assert len(blocks) == block_count(30, 30)
        found = concatenated(blocks)
        assert set(zip(found.first.tolist(), found.second.tolist(), strict=True)) == expected
        assert len(found) == len(expected)


def test_near_pairs__nothing_with_nothing() -> None:
    none = looks(random_spectra(0))
    assert list(near_pairs(none, none, Likeness())) == []
    assert list(near_pairs_within(none, Likeness())) == []


edges = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=14)


@settings(deadline=None)
@given(edges, st.integers(1, 5))
def test_groups_of__agrees_with_walking_the_edges(
    pairs: list[tuple[int, int]], at_once: int
) -> None:
    def reached(start: int) -> set[int]:
        seen, waiting = {start}, [start]
        while waiting:
            here = waiting.pop()
            for a, b in pairs:
                for one, other in ((a, b), (b, a)):
                    if one == here and other not in seen:
                        seen.add(other)
                        waiting.append(other)
        return seen

    pieces = [np.array(pairs[i : i + 2], np.int64).reshape(-1, 2) for i in range(0, len(pairs), 2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_duplicates, "_EDGES_AT_ONCE", at_once)
        found = groups_of(12, [(piece[:, 0], piece[:, 1]) for piece in pieces])
    assert found.tolist() == [min(reached(image)) for image in range(12)]


@pytest.mark.parametrize("wrong", [{"distance": -1}, {"distance": 65}, {"similarity": 1.5}])
def test_likeness__impossible_limits_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(MintError, match=r"-1|65|1\.5"):
        Likeness(**wrong)  # type: ignore[arg-type]
