import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mintcore.evaluation.histogram import score_histogram


def test_score_histogram__groups_share_their_bins() -> None:
    rows = score_histogram({"a": np.array([0.0, 1.0]), "b": np.array([10.0])}, bins=2)
    assert [(row["group"], row["count"], row["n"]) for row in rows] == [
        ("a", 2, 2),
        ("a", 0, 2),
        ("b", 0, 1),
        ("b", 1, 1),
    ]
    assert rows[0]["low"] == rows[2]["low"]
    assert rows[1]["high"] == rows[3]["high"]


def test_score_histogram__not_finite_scores_are_left_out() -> None:
    (row,) = score_histogram({"a": np.array([1.0, np.nan, np.inf])}, bins=1)
    assert (row["n"], row["share"]) == (1, 1.0)


def test_score_histogram__nothing_of_nothing() -> None:
    assert score_histogram({"a": np.empty(0)}) == []


def test_score_histogram__equal_scores_have_a_scale() -> None:
    rows = score_histogram({"a": np.array([2.0, 2.0])}, bins=4)
    assert rows[0]["low"] < rows[-1]["high"]
    assert sum(row["count"] for row in rows) == 2


@given(arrays(float, st.integers(1, 50), elements=st.floats(-1e6, 1e6)))
def test_score_histogram__every_score_is_counted(scores: np.ndarray) -> None:
    rows = score_histogram({"a": scores})
    assert sum(row["count"] for row in rows) == len(scores)
    assert sum(row["share"] for row in rows) == pytest.approx(1)
