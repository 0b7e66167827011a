import numpy as np
import pytest

from mintcore.auditors.calibration import calibrate, calibrated
from mintcore.auditors.finding import compare, find
from mintcore.cohorts import Cohort

N = 2000
IS_MEMBER = np.arange(N) < N // 2
RNG = np.random.default_rng(0)
NOISE = RNG.normal(size=(3, N))


def cohort() -> Cohort:
    part = np.array(["train", "validation", "test", "test"] * (N // 4))
    return Cohort([f"{i:032x}" for i in range(N)], IS_MEMBER, part, {})


def test_compare__an_auditor_ahead_of_its_baselines_is_evidence() -> None:
    scores = {"auditor": NOISE[0] + 1.5 * IS_MEMBER, "fresh weights": NOISE[1]}
    found = compare(scores, IS_MEMBER, threshold=0.75, seed=0)
    assert found["tier"] == "strong"
    assert found["advantage_ci"][0] < found["advantage"] < found["advantage_ci"][1]


def test_compare__a_baseline_that_sees_it_too_makes_it_shift() -> None:
    scores = {"auditor": NOISE[0] + 4 * IS_MEMBER, "fresh weights": NOISE[1] + 2 * IS_MEMBER}
    found = compare(scores, IS_MEMBER, threshold=2, seed=0)
    assert found["advantage_ci"][0] > 0
    assert found["tier"] == "dataset shift: membership not shown"


def test_compare__the_best_baseline_is_named() -> None:
    scores = {
        "auditor": NOISE[0] + IS_MEMBER,
        "fresh weights": NOISE[1],
        "raw pixels": NOISE[2] + 0.1 * IS_MEMBER,
    }
    found = compare(scores, IS_MEMBER, threshold=0.5, seed=0)
    assert found["best_blind"] == "raw pixels"
    assert [blind["name"] for blind in found["blind"]] == ["fresh weights", "raw pixels"]


def test_find__measures_the_test_part_only() -> None:
    auditor = np.where(cohort().part == "test", NOISE[0], NOISE[0] + 10 * IS_MEMBER)
    found = find({"auditor": auditor, "fresh weights": NOISE[1]}, cohort(), seed=0)
    assert found["auc"] == pytest.approx(0.5, abs=0.05)
    assert (found["n_members"], found["n_externals"]) == (500, 500)


def test_find__the_threshold_does_not_see_the_test_part() -> None:
    thresholds = []
    for shift in (0, 100):
        auditor = NOISE[0] + 2 * IS_MEMBER + shift * (cohort().part == "test")
        found = find({"auditor": auditor, "fresh weights": NOISE[1]}, cohort(), seed=0)
        thresholds.append(found["threshold"])
    assert thresholds[0] == thresholds[1]


def test_find__an_image_without_activations_is_left_out_everywhere() -> None:
    auditor, fresh = NOISE[0].copy(), NOISE[1].copy()
    auditor[2], fresh[3] = np.nan, np.nan  # both in the test part
    found = find({"auditor": auditor, "fresh weights": fresh}, cohort(), seed=0)
    assert found["n_members"] == 498


def test_calibrate__a_probability_is_a_frequency() -> None:
    scores = 3 * (NOISE[0] + IS_MEMBER)
    probability = calibrated(scores, calibrate(scores[IS_MEMBER], scores[~IS_MEMBER]))
    for low in (0.2, 0.4, 0.6):
        inside = (probability >= low) & (probability < low + 0.2)
        assert IS_MEMBER[inside].mean() == pytest.approx(probability[inside].mean(), abs=0.07)
