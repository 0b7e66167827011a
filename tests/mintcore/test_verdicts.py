import pytest

from mintcore.verdicts import (
    Tier,
    copy_found,
    dataset_verdict,
    discoveries_note,
    drift_remark,
    groups_note,
    image_verdict,
    is_clear_drift,
    known_to_auditor,
    tier_of,
)


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


def test_dataset_verdict__p_value_of_next_to_nothing_has_no_false_figures() -> None:
    assert "(p < 1e-16)" in dataset_verdict(Tier.STRONG, 9.9e-323, None).meaning
    assert "(p = 1.1e-08)" in dataset_verdict(Tier.STRONG, 1.1e-8, None).meaning


def test_dataset_verdict__without_significance_there_is_no_evidence() -> None:
    assert dataset_verdict(Tier.WEAK, 0.2, None).tier is Tier.NO_EVIDENCE


def drift(from_held_out: float, p_value: float) -> dict[str, float | str]:
    return {
        "network": "fresh weights",
        "from_training": 0.4,
        "expected": 0.1,
        "from_held_out": from_held_out,
        "p_value": p_value,
    }


@pytest.mark.parametrize(
    ("from_held_out", "p_value", "tests", "clear"),
    [
        (0.30, 0.001, 1, True),
        (0.30, 0.030, 2, False),  # one of two tests: half the level
        (0.05, 1e-9, 1, False),  # certain, and too small to matter
        (0.30, 0.2, 1, False),
    ],
)
def test_is_clear_drift__takes_certainty_and_size(
    from_held_out: float, p_value: float, tests: int, clear: bool
) -> None:
    assert is_clear_drift(drift(from_held_out, p_value), tests) is clear


def test_drift_remark__names_the_baseline_and_both_distances() -> None:
    remark = drift_remark(drift(0.35, 0.001))
    assert "fresh weights" in remark
    assert "0.40 away" in remark
    assert "0.35 from the latter, p = 0.001" in remark


@pytest.mark.parametrize(
    ("discoveries", "words"),
    [
        (None, "not shown to come from membership"),
        (0, "That is usual, even where a large share was used"),
        (1, "1 image is named at a false-discovery rate of 10%"),
        (1200, "1,200 images are named"),
    ],
)
def test_discoveries_note__is_honest_about_few_and_none(
    discoveries: int | None, words: str
) -> None:
    audit = {"discoveries": discoveries, "discovery_rate": 0.1, "n_externals": 99}
    assert words in discoveries_note(audit)


def test_groups_note__says_when_no_group_shows_membership() -> None:
    assert "No group is named" in groups_note({"discoveries": None})
    assert "externals of the same label" in groups_note({"discoveries": 0})


COPY = {"dataset": "photos", "membership": "member", "exact": True, "mirrored": False}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({}, "This very image is registered as a member in photos."),
        ({"membership": "external"}, "This very image is registered as an external in photos."),
        (
            {"exact": False, "mirrored": True},
            "A mirrored near-duplicate of it is registered as a member in photos.",
        ),
        (
            {"membership": "unknown", "exact": False},
            "A near-duplicate of it is registered in photos, which does not say whether it is a member.",
        ),
    ],
)
def test_copy_found__says_what_is_registered_as_what(
    change: dict[str, object], sentence: str
) -> None:
    assert copy_found(COPY | change) == sentence


def test_known_to_auditor__only_what_it_held_out_is_as_good_as_new() -> None:
    def said(part: str | None) -> str | None:
        known = None if part is None else "external"
        return known_to_auditor({"registered_as": known, "registered_part": part})

    assert said(None) is None
    assert "as good as of a new image" in str(said("test"))
    assert "trained on this very image, as an external" in str(said("train"))
    assert "chosen with this very image" in str(said("validation"))
