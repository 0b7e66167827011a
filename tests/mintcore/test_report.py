import numpy as np

from mintcore.report import BINS, histogram


def test_histogram__groups_share_one_scale() -> None:
    low, high = histogram({("a", "#111"): np.zeros(50), ("b", "#222"): np.ones(50)})
    assert [bar["height"] for bar in low["bars"]] == [1.0] + [0.0] * (BINS - 1)
    assert [bar["height"] for bar in high["bars"]] == [0.0] * (BINS - 1) + [1.0]
    assert (low["colour"], high["n"]) == ("#111", 50)


def test_histogram__scores_that_are_all_alike_can_be_drawn() -> None:
    (drawn,) = histogram({("a", "#111"): np.full(9, 3.0)})
    assert sum(bar["height"] for bar in drawn["bars"]) == 1.0


def test_histogram__images_without_a_score_do_not_count() -> None:
    (drawn,) = histogram({("a", "#111"): np.array([1.0, np.nan, 2.0])})
    assert drawn["n"] == 2
