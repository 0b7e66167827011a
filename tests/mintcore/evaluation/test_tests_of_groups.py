import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, mannwhitneyu

from mintcore.evaluation.groups import MIN_GROUP_IMAGES, by_identity, by_label
from mintcore.evaluation.intervals import auc_interval

AUDITOR = "auditor"


def scored(*groups: np.ndarray) -> dict[str, np.ndarray]:
    """The auditor's scores, and a blind baseline that has the same for every image."""
    values = np.concatenate(groups)
    return {AUDITOR: values, "raw pixels": np.zeros(len(values))}


def test_by_label__compares_with_externals_of_the_same_label() -> None:
    """Label b scores higher than a everywhere; only a was used."""
    rng = np.random.default_rng(0)
    labels = ["a"] * 30 + ["b"] * 40
    audited = scored(rng.normal(2, 1, 30), rng.normal(5, 1, 40))
    externals = scored(rng.normal(0, 1, 30), rng.normal(5, 1, 40))
    first, second = by_label(labels, audited, labels, externals, AUDITOR)
    assert (first.group, first.n, first.n_externals) == ("a", 30, 30)
    expected = mannwhitneyu(audited[AUDITOR][:30], externals[AUDITOR][:30], alternative="greater")
    assert first.p_value == pytest.approx(expected.pvalue)
    assert first.auc == pytest.approx(expected.statistic / 900)
    assert first.cliffs_delta == pytest.approx(2 * first.auc - 1)
    assert (first.blind_auc, first.kind) == (0.5, "label")
    assert (first.auc_low, first.auc_high) == auc_interval(
        audited[AUDITOR][:30], externals[AUDITOR][:30]
    )
    assert first.blind_auc_low is not None
    assert first.blind_auc_high is not None
    assert first.blind_auc_low < 0.5 < first.blind_auc_high
    assert second.p_value > 0.05


def test_by_label__blind_baseline_far_below_one_half_counts_as_far_from_it() -> None:
    rng = np.random.default_rng(0)
    audited, externals = scored(rng.normal(size=20)), scored(rng.normal(size=20))
    blind = {"fresh weights": rng.normal(size=20), "raw pixels": np.full(20, -9.0)}
    near = {"fresh weights": rng.normal(size=20), "raw pixels": np.zeros(20)}
    (found,) = by_label(["a"] * 20, audited | blind, ["a"] * 20, externals | near, AUDITOR)
    assert found.blind_auc == 0.0


def test_by_label__too_few_on_either_side_are_left_out() -> None:
    enough, few = MIN_GROUP_IMAGES, MIN_GROUP_IMAGES - 1
    labels = ["rare"] * few + ["no external"] * enough + ["fine"] * enough + [None] * enough
    known = ["rare"] * enough + ["no external"] * few + ["fine"] * enough
    rng = np.random.default_rng(0)
    audited, externals = scored(rng.normal(size=len(labels))), scored(rng.normal(size=len(known)))
    assert [row.group for row in by_label(labels, audited, known, externals, AUDITOR)] == ["fine"]


def test_by_identity__an_identity_counts_once() -> None:
    """Its mean, 3, is ranked among the means 0, 2 and 4 of the external identities: p = (1 + 1) / (1 + 3)."""
    audited, externals = scored(np.full(12, 3.0)), scored(np.array([0.0, 1.0, 3.0, 3.0, 5.0]))
    known = ["x", "y", "y", "z", "z"]
    (found,) = by_identity(["me"] * 12, audited, known, externals, AUDITOR)
    assert found.p_value == pytest.approx(0.5)
    assert (found.kind, found.n, found.n_externals, found.mean_score) == ("identity", 12, 5, 3.0)


def test_by_identity__external_without_an_identity_stands_alone() -> None:
    audited, externals = scored(np.full(12, 3.0)), scored(np.arange(9.0))
    (found,) = by_identity(["me"] * 12, audited, [None] * 9, externals, AUDITOR)
    assert found.p_value == pytest.approx(7 / 10)


def test_by_identity__people_that_look_alike_are_no_discovery() -> None:
    """Each person has a level of their own, none was used: tests image by image would find half of them."""
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(400), 15)
    scores = np.repeat(rng.normal(size=400), 15) + rng.normal(0, 0.3, len(people))
    names = [str(person) for person in people]
    own, other = people < 200, people >= 200
    found = by_identity(
        names[: own.sum()], scored(scores[own]), names[own.sum() :], scored(scores[other]), AUDITOR
    )
    assert len(found) == 200
    assert np.mean([row.p_value <= 0.05 for row in found]) <= 0.05 + 2 * (0.05 * 0.95 / 200) ** 0.5
    assert all(row.q_value > 0.1 for row in found)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_by_label__q_values_are_those_of_benjamini_and_hochberg(seed: int, groups: int) -> None:
    rng = np.random.default_rng(seed)
    labels = [str(group) for group in range(groups) for _ in range(MIN_GROUP_IMAGES)]
    audited, externals = (scored(rng.normal(size=len(labels))) for _ in range(2))
    found = by_label(labels, audited, labels, externals, AUDITOR)
    p_values = [row.p_value for row in found]
    assert p_values == sorted(p_values)
    assert [row.q_value for row in found] == pytest.approx(false_discovery_control(p_values))
    assert all(q >= p for p, q in zip(p_values, [row.q_value for row in found], strict=True))


def test_groups__without_names_there_is_none() -> None:
    scores = scored(np.zeros(40))
    assert by_label([None] * 40, scores, [None] * 40, scores, AUDITOR) == []
    assert by_identity([None] * 40, scores, [None] * 40, scores, AUDITOR) == []
