import numpy as np
import pytest

from mintcore.datasets.reading import read_pixels, samples
from mintcore.image_audit import audit_images, load_image_auditor
from mintcore.layer_votes import layer_votes, load_voters
from mintcore.library import auditor_scores
from mintcore.models import taps
from store.artefacts import Home


def _first(home: Home) -> np.ndarray:
    return read_pixels(samples(home, "mixed", limit=1).column("uri")[0].as_py())


def test_layer_votes__the_vote_of_an_auditor_is_its_verdict(digits_home: Home) -> None:
    cards = digits_home.cards("auditors")
    pixels = _first(digits_home)
    loaded = [load_image_auditor(digits_home, card["id"], device="cpu") for card in cards]
    model = loaded[0].model
    votes = layer_votes(model, load_voters(digits_home, model, cards), "one", pixels)
    assert [vote.auditor for vote in votes] == [card["id"] for card in cards]
    for vote, auditor in zip(votes, loaded, strict=True):
        (finding,) = audit_images(auditor, [("one", pixels)])
        assert vote.score == pytest.approx(finding.score, abs=1e-6)
        assert vote.p_value == pytest.approx(finding.p_value)
        assert vote.shown is False  # the model was never trained


def test_layer_votes__shares_are_counted_among_the_held_out(digits_home: Home) -> None:
    card = digits_home.cards("auditors")[0]
    loaded = load_image_auditor(digits_home, card["id"], device="cpu")
    voters = load_voters(digits_home, loaded.model, [card])
    (vote,) = layer_votes(loaded.model, voters, "one", _first(digits_home))
    known = [r for r in auditor_scores(digits_home, card["id"]).to_pylist() if r["part"] == "test"]
    members = np.array([row["auditor"] for row in known if row["is_member"]])
    externals = np.array([row["auditor"] for row in known if not row["is_member"]])
    assert vote.above_members == pytest.approx((members < vote.score).mean())
    assert vote.above_externals == pytest.approx((externals < vote.score).mean())
    assert (vote.n_members, vote.n_externals) == (len(members), len(externals))
    for share, (low, high) in (
        (vote.above_members, vote.above_members_ci),
        (vote.above_externals, vote.above_externals_ci),
    ):
        assert 0 <= low <= share <= high <= 1


def test_layer_votes__the_model_runs_once_for_all(
    digits_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = digits_home.cards("auditors")
    model = load_image_auditor(digits_home, cards[0]["id"], device="cpu").model
    voters = load_voters(digits_home, model, cards)
    runs = []
    monkeypatch.setattr(taps, "_run", lambda *given, run=taps._run: runs.append(1) or run(*given))
    layer_votes(model, voters, "one", _first(digits_home))
    assert len(voters) > 1
    assert len(runs) == 1
