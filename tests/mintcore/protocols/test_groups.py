import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mintcore.evaluation.intervals import auc_interval
from mintcore.protocols.groups import _weighted_auc, interval_over_groups


def cohort(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    is_member = np.arange(count) % 2 == 0
    return rng.normal(size=count) + 0.5 * is_member, is_member, np.arange(count).astype(str)


def test_interval__of_single_images_is_that_of_delong() -> None:
    scores, is_member, groups = cohort(600)
    found = interval_over_groups(scores, is_member, groups)
    assert found == pytest.approx(auc_interval(scores[is_member], scores[~is_member]), abs=0.01)


def test_interval__copies_in_one_group_add_nothing() -> None:
    scores, is_member, groups = cohort(200)
    alone = interval_over_groups(scores, is_member, groups)
    copied = interval_over_groups(*(np.repeat(each, 9) for each in (scores, is_member, groups)))
    assert copied == pytest.approx(alone, abs=1e-9)


def test_weighted_auc__is_that_of_images_written_out_several_times() -> None:
    scores, is_member = np.array([0, 1, 1, 2, 3]), np.array([False, True, False, False, True])
    times = np.array([2, 1, 3, 0, 2])
    expected = roc_auc_score(np.repeat(is_member, times), np.repeat(scores, times))
    assert _weighted_auc(scores, is_member, times) == pytest.approx(expected)
