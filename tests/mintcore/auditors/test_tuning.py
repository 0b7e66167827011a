import sys
from dataclasses import replace

import pytest

from mintcore.auditors.settings import FitSettings
from mintcore.auditors.tuning import (
    BATCH_SIZES,
    LEARNING_RATES,
    WEIGHT_DECAYS,
    Trial,
    best_of,
    tune,
)
from mintcore.errors import MintError

START = FitSettings(epochs=3, patience=2)


def _smoother(settings: FitSettings) -> float:
    """Best where the weight decay is small."""
    return 1 - settings.weight_decay


def _tune(trials: int, seed: int = 0) -> list[Trial]:
    told: list[Trial] = []
    done = tune(_smoother, trials=trials, seed=seed, start=START, on_trial=told.append)
    assert told == done
    return done


def test_tune__begins_with_the_settings_given() -> None:
    assert _tune(1) == [Trial(START, _smoother(START))]


def test_tune__all_trials_lie_in_the_ranges_and_keep_epochs_and_patience() -> None:
    for trial in _tune(15):
        found = trial.settings
        assert (found.epochs, found.patience) == (3, 2)
        assert found.batch_size in BATCH_SIZES
        assert LEARNING_RATES[0] <= found.learning_rate <= LEARNING_RATES[1]
        assert WEIGHT_DECAYS[0] <= found.weight_decay <= WEIGHT_DECAYS[1]
        assert trial.validation_auc == _smoother(found)


def test_tune__same_seed_same_trials() -> None:
    assert _tune(5) == _tune(5)
    assert _tune(5) != _tune(5, seed=1)


def test_best_of__nothing_worse_than_the_start_and_the_first_of_equals() -> None:
    trials = [Trial(START, 0.6), Trial(replace(START, batch_size=32), 0.6)]
    assert best_of(trials) == START
    assert best_of([*trials, Trial(replace(START, batch_size=64), 0.7)]).batch_size == 64


def test_tune__without_optuna_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MintError, match=r"pip install 'mint-workbench\[tune\]'"):
        _tune(1)
