import pytest

from mintcore.verdicts import Tier, dataset_verdict, image_verdict, tier_of


@pytest.mark.parametrize(
    ("auc_ci", "advantage", "advantage_ci", "blind_ci", "expected"),
    [
        ((0.48, 0.54), 0.00, (-0.03, 0.03), (0.48, 0.54), Tier.NO_EVIDENCE),
        ((0.55, 0.60), 0.03, (0.01, 0.05), (0.50, 0.54), Tier.WEAK),
        ((0.60, 0.66), 0.09, (0.05, 0.13), (0.51, 0.56), Tier.MODERATE),
        ((0.78, 0.84), 0.28, (0.24, 0.32), (0.50, 0.54), Tier.STRONG),
        ((0.58, 0.66), 0.09, (-0.01, 0.19), (0.51, 0.56), Tier.NO_EVIDENCE),
        # EVALUATION: fresh weights .941, auditor .996, other-source externals
        ((0.993, 0.998), 0.055, (0.045, 0.065), (0.93, 0.95), Tier.DATASET_SHIFT),
        ((0.90, 0.95), 0.36, (0.30, 0.42), (0.551, 0.60), Tier.DATASET_SHIFT),
        # a baseline far below chance sees a difference as well
        ((0.48, 0.54), 0.4, (0.35, 0.45), (0.05, 0.12), Tier.DATASET_SHIFT),
        ((0.48, 0.54), -0.2, (-0.3, -0.1), (0.60, 0.66), Tier.DATASET_SHIFT),
    ],
)
def test_tier_of__follows_the_blind_baseline_first(
    auc_ci: tuple[float, float],
    advantage: float,
    advantage_ci: tuple[float, float],
    blind_ci: tuple[float, float],
    expected: Tier,
) -> None:
    assert tier_of(auc_ci, advantage, advantage_ci, [(0.47, 0.53), blind_ci]) is expected


def test_image_verdict__a_shifted_auditor_never_accuses() -> None:
    assert image_verdict(Tier.DATASET_SHIFT, p_value=0.0001).verdict == "cannot tell"


def test_image_verdict__names_the_false_positive_rate() -> None:
    verdict = image_verdict(Tier.STRONG, p_value=0.004)
    assert verdict.verdict == "looks like a member"
    assert "0.4% of held-out external images" in verdict.meaning


def test_image_verdict__an_ordinary_score_is_no_acquittal() -> None:
    assert "does not show that the image was not used" in image_verdict(Tier.STRONG, 0.4).meaning


def test_dataset_verdict__asks_for_same_source_externals_under_shift() -> None:
    verdict = dataset_verdict(Tier.DATASET_SHIFT, p_value=1e-30, share_ci=None)
    assert verdict.verdict.startswith("cannot tell")
    assert "same source" in verdict.meaning


def test_dataset_verdict__without_significance_there_is_no_evidence() -> None:
    assert dataset_verdict(Tier.WEAK, 0.2, None).tier is Tier.NO_EVIDENCE
