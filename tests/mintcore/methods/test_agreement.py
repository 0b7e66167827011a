import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score, jaccard_score

from mintcore.evaluation.roc import rate_at_fpr
from mintcore.methods.agreement import Finds, find_at, jaccard, kappa, rank_correlation

FOUND = st.tuples(st.integers(1, 5), st.integers(1, 30)).flatmap(lambda shape: arrays(bool, shape))
SCORES = st.tuples(st.integers(1, 4), st.integers(2, 30)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(-4, 4).map(float))
)


@given(FOUND)
def test_jaccard__symmetric_one_with_itself_between_none_and_all(found: np.ndarray) -> None:
    overlap = jaccard(found)
    assert (overlap == overlap.T).all()
    assert (overlap.diagonal() == 1).all()
    assert ((overlap >= 0) & (overlap <= 1)).all()


@given(FOUND)
def test_jaccard__equals_scikit_learn(found: np.ndarray) -> None:
    expected = [[jaccard_score(a, b, zero_division=1) for a in found] for b in found]
    assert jaccard(found) == pytest.approx(np.array(expected))


@given(FOUND)
def test_kappa__symmetric_one_with_itself_never_above(found: np.ndarray) -> None:
    agreement = kappa(found)
    assert agreement == pytest.approx(agreement.T)
    assert agreement.diagonal() == pytest.approx(1)
    assert ((agreement >= -1 - 1e-9) & (agreement <= 1 + 1e-9)).all()


def test_kappa__equals_scikit_learn() -> None:
    found = np.random.default_rng(0).random((4, 200)) < 0.3
    expected = [[cohen_kappa_score(a, b) for a in found] for b in found]
    assert kappa(found) == pytest.approx(np.array(expected))


@given(SCORES)
def test_rank_correlation__symmetric_one_with_itself(scores: np.ndarray) -> None:
    correlation = rank_correlation(scores)
    assert correlation == pytest.approx(correlation.T)
    assert (correlation.diagonal() == 1).all()
    assert ((correlation >= -1) & (correlation <= 1)).all()


def test_rank_correlation__equals_scipy_with_ties() -> None:
    scores = np.random.default_rng(0).integers(0, 9, (4, 100)).astype(float)
    assert rank_correlation(scores) == pytest.approx(spearmanr(scores, axis=1).statistic)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.1, 0.05, 0.01]))
def test_find_at__thresholds_are_those_of_the_rates_that_are_reported(
    seed: int, fpr: float
) -> None:
    rng = np.random.default_rng(seed)
    is_member = np.arange(400) % 2 == 0
    scores = {"a": rng.normal(size=400).round(1), "b": rng.normal(size=400)}
    finds = find_at(scores, is_member, fpr)
    assert finds is not None
    for place, values in enumerate(scores.values()):
        rate = rate_at_fpr(values[is_member], values[~is_member], fpr)
        assert rate is not None
        assert finds.members[place].mean() == rate.tpr
        assert finds.externals[place].mean() == rate.realised_fpr <= fpr


def test_find_at__too_few_externals_are_not_measurable() -> None:
    is_member = np.arange(198) % 2 == 0
    assert find_at({"a": np.zeros(198)}, is_member, 0.01) is None


def test_finds__alone_is_what_no_other_method_finds() -> None:
    found = np.array([[True, True, False], [True, False, False]])
    finds = Finds(("a", "b"), 0.1, found, found)
    assert finds.alone("a").tolist() == [False, True, False]
    assert finds.alone("b").tolist() == [False, False, False]
