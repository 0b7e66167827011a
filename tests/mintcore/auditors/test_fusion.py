import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintcore.auditors.fusion import ALONE, Fusion, fuse
from mintcore.evaluation.roc import auc


def cohort(images: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.random.Generator]:
    return np.arange(images) % 2 == 0, np.random.default_rng(seed)


def auc_of(scores: np.ndarray, is_member: np.ndarray) -> float:
    return auc(scores[is_member], scores[~is_member])


def test_fuse__two_sources_that_know_different_things_beat_either() -> None:
    is_member, rng = cohort()
    scores = rng.normal(size=(2, len(is_member))) + 0.8 * is_member
    fusion = fuse(scores[:, :2000], is_member[:2000])
    fused = fusion.combine(scores)[2000:]
    alone = [auc_of(row[2000:], is_member[2000:]) for row in scores]
    assert auc_of(fused, is_member[2000:]) > max(alone) + 0.05
    assert fusion.contributions() == pytest.approx([0.5, 0.5], abs=0.1)


def test_fuse__a_source_that_knows_nothing_counts_for_little() -> None:
    is_member, rng = cohort()
    scores = rng.normal(size=(2, len(is_member)))
    scores[0] += 1.5 * is_member
    knowing, empty = fuse(scores, is_member).contributions()
    assert knowing > 0.8
    assert empty < 0.2


def test_fuse__a_source_that_is_wrong_is_never_turned_around() -> None:
    # a negative weight would make an auditor of the externals' database out of noise
    is_member, rng = cohort()
    scores = rng.normal(size=(2, len(is_member)))
    scores[0] += 1.5 * is_member
    scores[1] -= 1.5 * is_member
    assert fuse(scores, is_member).weights[1] == 0


def test_fuse__a_source_that_gives_every_image_the_same_score_does_no_harm() -> None:
    is_member, rng = cohort()
    scores = np.stack([rng.normal(size=len(is_member)) + is_member, np.full(len(is_member), 3.0)])
    fused = fuse(scores, is_member).combine(scores)
    assert np.isfinite(fused).all()
    assert auc_of(fused, is_member) == pytest.approx(auc_of(scores[0], is_member))


def test_fuse__the_same_source_twice_shares_its_weight() -> None:
    is_member, rng = cohort()
    row = rng.normal(size=len(is_member)) + is_member
    assert fuse(np.stack([row, row]), is_member).contributions() == pytest.approx([0.5, 0.5])


@given(st.integers(1, 5), st.integers(0, 10**6))
def test_fuse__contributions_are_shares(sources: int, seed: int) -> None:
    is_member, rng = cohort(60, seed)
    shares = fuse(rng.normal(size=(sources, 60)), is_member).contributions()
    assert min(shares) >= 0
    assert sum(shares) == pytest.approx(1)


def test_combine__an_image_that_lacks_a_source_has_no_score() -> None:
    fusion = Fusion((0.0, 1.0), (1.0, 2.0), (0.25, 0.75))
    scores = np.array([[4.0, 1.0], [3.0, np.nan]])
    assert fusion.combine(scores)[0] == pytest.approx(0.25 * 4 + 0.75 * (3 - 1) / 2)
    assert np.isnan(fusion.combine(scores)[1])


def test_combine__one_source_alone_is_left_as_it_is() -> None:
    scores = np.array([[0.5, -2.0, np.nan]])
    np.testing.assert_array_equal(ALONE.combine(scores), scores[0])


def test_combine__keeps_the_seeds_apart() -> None:
    fusion = Fusion((0.0, 0.0), (1.0, 1.0), (1.0, 2.0))
    by_seed = np.arange(12.0).reshape(2, 3, 2)  # sources, seeds, images
    np.testing.assert_array_equal(fusion.combine(by_seed), by_seed[0] + 2 * by_seed[1])
