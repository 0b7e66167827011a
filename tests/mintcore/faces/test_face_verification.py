import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from mintcore.errors import MintError
from mintcore.faces.verification import best_threshold, verify

SAME = np.array([True, True, False, False])


def test_verify__threshold_of_a_fold_comes_from_the_others() -> None:
    # Fold 1 is shifted by 1: the threshold of either fold, 0.5 or 1.5, fails on half of the other.
    similarities = np.array([0.9, 0.9, 0.1, 0.1, 1.9, 1.9, 1.1, 1.1])
    found = verify(similarities, np.tile(SAME, 2), np.repeat([0, 1], 4))
    assert (found.accuracy, found.standard_error, found.threshold) == (0.5, 0.0, 1.0)


def test_verify__figures_of_pairs_that_overlap() -> None:
    rng = np.random.default_rng(3)
    is_same = np.tile([True, False], 500)
    similarities = rng.normal(is_same * 2.0, 1.0)
    found = verify(similarities, is_same, np.repeat(np.arange(10), 100))
    # Two normals two deviations apart: 84.1% at the best threshold, half way between them.
    assert found.accuracy == pytest.approx(0.841, abs=0.03)
    assert found.threshold == pytest.approx(1.0, abs=0.25)
    assert found.auc == pytest.approx(roc_auc_score(is_same, similarities))
    assert found.accuracy_ci[0] < found.accuracy < found.accuracy_ci[1]
    assert 0.005 < found.standard_error < 0.02
    assert [rate and rate.asked_fpr for rate in found.tar] == [0.01, None]


def test_verify__perfect_pairs() -> None:
    found = verify(np.tile([0.9, 0.8, 0.1, 0.2], 2), np.tile(SAME, 2), np.repeat([0, 1], 4))
    assert (found.accuracy, found.auc) == (1.0, 1.0)


def test_verify__one_fold_is_refused() -> None:
    with pytest.raises(MintError, match="two folds or more"):
        verify(np.zeros(4), SAME, np.zeros(4))


def test_verify__embeddings_that_are_not_finite_are_refused() -> None:
    with pytest.raises(MintError, match="not finite"):
        verify(np.full(4, np.nan), SAME, np.arange(4))


def right(similarities: np.ndarray, is_same: np.ndarray, threshold: float) -> int:
    return int(((similarities >= threshold) == is_same).sum())


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=1, max_size=12))
def test_best_threshold__no_other_is_better(pairs: list[tuple[int, bool]]) -> None:
    similarities = np.array([value for value, _ in pairs], float)
    is_same = np.array([same for _, same in pairs])
    chosen = right(similarities, is_same, best_threshold(similarities, is_same))
    every = [right(similarities, is_same, cut) for cut in np.arange(-3.5, 4.5, 0.5)]
    assert chosen == max(every)


def test_best_threshold__lies_between_the_similarities() -> None:
    assert best_threshold(np.array([0.2, 0.6]), np.array([False, True])) == 0.4
