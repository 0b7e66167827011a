import sys
from dataclasses import replace

import numpy as np
import pytest

from mintcore.auditors.fitting import FitSettings
from mintcore.cohorts import build_cohort
from mintcore.errors import MintError
from mintcore.library import auditor_scores
from mintcore.progress import SilentReporter
from mintcore.search import train_tuned
from mintcore.sweep import SweepRequest, sweep
from store.artefacts import Card, Home

REQUEST = SweepRequest(
    "net",
    "members",
    "external",
    layers="output",
    kinds=("vanilla",),
    seeds=2,
    settings=FitSettings(epochs=2),
)


def run(home: Home, trials: int = 3, request: SweepRequest = REQUEST) -> Card:
    return train_tuned(home, request, trials, device="cpu", reporter=SilentReporter())


def test_train_tuned__card_has_the_trials_and_the_best_settings(digits_home: Home) -> None:
    card = run(digits_home)
    trials = card["search"]["trials"]
    assert card["search"]["chosen_on"] == "validation"
    assert len(trials) == 3
    best = max(trials, key=lambda trial: trial["validation_auc"])
    assert card["settings"] == best["settings"]
    # the networks trained in the end are those of the best trial
    assert card["validation_auc"] == pytest.approx(best["validation_auc"], abs=1e-6)
    assert card["seeds"] == [0, 1]


def test_train_tuned__baselines_are_fitted_with_the_same_settings(digits_home: Home) -> None:
    card = run(digits_home)
    request = replace(REQUEST, settings=FitSettings(**card["settings"]))
    (same,) = sweep(digits_home, request, device="cpu", reporter=SilentReporter())
    assert same["id"] != card["id"]
    searched, alone = (auditor_scores(digits_home, name) for name in (card["id"], same["id"]))
    for name in ("auditor", "fresh weights", "raw pixels"):
        np.testing.assert_allclose(
            searched.column(name).to_numpy(), alone.column(name).to_numpy(), atol=1e-4
        )


def test_train_tuned__test_part_is_not_in_the_search(digits_home: Home) -> None:
    cohort = build_cohort(digits_home, "members", "external", 0)
    seen = cohort.before_test()
    assert set(seen.part) == {"train", "validation"}
    assert len(seen.sample_ids) == int((cohort.part != "test").sum())
    of = dict(zip(cohort.sample_ids, cohort.is_member, strict=True))
    assert [of[name] for name in seen.sample_ids] == seen.is_member.tolist()


def test_train_tuned__again_searches_and_trains_nothing(
    digits_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = run(digits_home, trials=2)
    monkeypatch.setitem(sys.modules, "optuna", None)  # a search would fail
    assert run(digits_home, trials=2) == card
    with pytest.raises(MintError, match="Optuna"):
        run(digits_home, trials=3)


@pytest.mark.parametrize(
    ("changed", "trials", "sentence"),
    [
        ({"kinds": ("fused",)}, 2, "A fused auditor has a network for each source"),
        ({"layers": "all"}, 2, "name one layer"),
        ({}, 0, "A search of 0 trials tries nothing"),
    ],
)
def test_train_tuned__refuses_what_is_no_search_for_one_auditor(
    digits_home: Home, changed: dict[str, tuple[str, ...]], trials: int, sentence: str
) -> None:
    with pytest.raises(MintError, match=sentence):
        run(digits_home, trials, replace(REQUEST, **changed))  # type: ignore[arg-type]
