import numpy as np
import pytest

from mintcore.evaluation.quantification import member_share


@pytest.mark.parametrize("truth", [0.2, 0.5, 0.8])
def test_member_share__interval_covers_the_truth_at_its_nominal_rate(truth: float) -> None:
    rng = np.random.default_rng(int(truth * 10))
    rounds, covered = 200, 0
    for seed in range(rounds):
        used = rng.binomial(400, truth)
        audited = np.concatenate([rng.normal(1, 1, used), rng.normal(0, 1, 400 - used)])
        share = member_share(
            audited, rng.normal(1, 1, 500), rng.normal(0, 1, 500), threshold=0.5, seed=seed
        )
        assert share is not None
        covered += share.interval[0] <= truth <= share.interval[1]
    assert covered / rounds >= 0.905  # three standard errors below 95%


def test_member_share__is_not_measurable_when_the_auditor_is_blind() -> None:
    rng = np.random.default_rng(0)
    scores = [rng.normal(size=200) for _ in range(3)]
    scores[1] = scores[2].copy()
    assert member_share(*scores, threshold=0.0, seed=0) is None
