import numpy as np
import pytest
from scipy.stats import false_discovery_control, mannwhitneyu, norm

from mintcore.auditors.calibration import calibrate
from mintcore.evaluation.ranks import conformal_p_values
from mintcore.set_evidence import Sides, image_q_values, set_evidence
from store.artefacts import Card

AUDITOR, BLIND = "auditor", "raw pixels"


def scores_by_network(
    rng: np.random.Generator, n: int, auditor: float, blind: float = 0.0
) -> dict[str, np.ndarray]:
    return {AUDITOR: rng.normal(auditor, 1, n), BLIND: rng.normal(blind, 1, n)}


def sides(
    share: float = 0.5, distance: float = 1.5, blind: float = 0.0, n_members: int = 300
) -> Sides:
    """A set of 400 images, of which the first part was used."""
    rng = np.random.default_rng(0)
    audited = scores_by_network(rng, 400, 0, blind)
    audited[AUDITOR][: round(400 * share)] += distance
    return Sides(
        audited=audited,
        externals=scores_by_network(rng, 300, 0),
        training=scores_by_network(rng, 500, -1, -1),
        members=rng.normal(distance, 1, n_members),
    )


def auditor_card(tier: str = "strong") -> Card:
    rng = np.random.default_rng(1)
    calibration = calibrate(rng.normal(1.5, 1, 300), rng.normal(0, 1, 300))
    return {
        "tier": tier,
        "meaning": "as the auditor",
        "threshold": 0.75,
        "seed": 0,
        "calibration": calibration,
    }


def test_set_evidence__used_set_has_effect_size_share_and_p_value() -> None:
    found, known = set_evidence(auditor_card(), sides()), sides()
    u = mannwhitneyu(known.audited[AUDITOR], known.externals[AUDITOR], alternative="greater")
    assert found["p_value"] == pytest.approx(u.pvalue)
    assert found["cliffs_delta"] == pytest.approx(2 * u.statistic / (400 * 300) - 1)
    truth = 0.5 * (2 * norm.cdf(1.5 / np.sqrt(2)) - 1)
    assert found["cliffs_delta_ci"][0] <= truth <= found["cliffs_delta_ci"][1]
    for share in found["shares"].values():
        assert share["interval"][0] <= 0.5 <= share["interval"][1]
    assert found["tier"] == "strong"
    assert found["remarks"] == []


def test_set_evidence__headline_share_is_the_mixture_whatever_it_says() -> None:
    found = set_evidence(auditor_card(), sides())
    assert found["share_method"] == "mixture"
    assert found["share"] == found["shares"]["mixture"]
    assert found["share"] != found["shares"]["adjusted count"]


@pytest.mark.parametrize("tier", ["no evidence", "dataset shift: membership not shown"])
def test_set_evidence__auditor_that_shows_nothing_measures_no_share_and_names_no_image(
    tier: str,
) -> None:
    found = set_evidence(auditor_card(tier), sides())
    assert found["shares"] == {"adjusted count": None, "mixture": None}
    assert (found["share"], found["discoveries"]) == (None, None)


def test_set_evidence__shifted_set_measures_no_share_and_is_warned_of() -> None:
    found = set_evidence(auditor_card(), sides(blind=1.0))
    assert found["verdict"] == "cannot tell: the set differs from the externals"
    assert (found["share"], found["discoveries"]) == (None, None)
    (remark,) = found["remarks"]
    assert "raw pixels" in remark


def test_set_evidence__what_blind_baselines_reach_too_is_no_share() -> None:
    """All images score a little higher, for the auditor and for raw pixels: unlike images, not members."""
    unlike = sides(share=0, blind=0.15)
    unlike.audited[AUDITOR][:] += 0.2
    found = set_evidence(auditor_card(), unlike)
    assert found["tier"] == "no evidence"
    assert found["p_value"] < 0.05
    assert found["shares"] == {"adjusted count": None, "mixture": None}
    assert (found["share"], found["discoveries"]) == (None, None)


def test_set_evidence__an_unused_set_has_a_share_that_says_how_much_it_is_at_most() -> None:
    found = set_evidence(auditor_card(), sides(share=0))
    assert found["tier"] == "no evidence"
    low, high = found["share"]["interval"]
    assert low <= 0 < high < 0.2


def test_set_evidence__members_that_are_all_in_the_set_leave_no_share_to_measure_by() -> None:
    assert set_evidence(auditor_card(), sides(n_members=19))["share"] is None
    assert set_evidence(auditor_card(), sides(n_members=20))["share"] is not None


def test_set_evidence__membership_alone_is_no_drift() -> None:
    """The auditor's scores of a used set lie elsewhere, and those of the fitted externals as well."""
    found = set_evidence(auditor_card(), sides(share=1.0))
    by_network = {row["network"]: row for row in found["drift"]}
    assert by_network[AUDITOR]["from_held_out"] > 0.4
    assert not by_network[AUDITOR]["blind"]
    assert by_network[BLIND]["expected"] > 0.3
    assert found["remarks"] == []


def test_set_evidence__discoveries_are_those_of_benjamini_and_hochberg() -> None:
    known = sides(share=0.5, distance=6.0)
    found = set_evidence(auditor_card(), known)
    p_values = conformal_p_values(known.audited[AUDITOR], known.externals[AUDITOR])
    assert found["discoveries"] == (false_discovery_control(p_values) <= 0.1).sum()
    assert found["discoveries"] >= 195


def test_set_evidence__weak_scores_name_no_image() -> None:
    assert set_evidence(auditor_card("weak"), sides(distance=0.3))["discoveries"] == 0


def test_image_q_values__control_false_discoveries_although_p_values_share_their_externals() -> (
    None
):
    """Of 200 images a quarter was used; the mean share of wrong ones among the named stays at or below 10%."""
    rng, wrong = np.random.default_rng(0), []
    for _ in range(300):
        scores = rng.normal(0, 1, 200) + 3.0 * (np.arange(200) < 50)
        named = image_q_values(conformal_p_values(scores, rng.normal(0, 1, 400))) <= 0.1
        wrong.append(named[50:].sum() / max(1, named.sum()))
    assert 0.02 < np.mean(wrong) <= 0.1
