"""Search the settings that networks are fitted with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mintcore.auditors.settings import FitSettings
from mintcore.errors import MintError

LEARNING_RATES = (1e-4, 3e-2)
WEIGHT_DECAYS = (1e-4, 1.0)
BATCH_SIZES = (32, 64, 128, 256)


@dataclass(frozen=True)
class Trial:
    """One trial of a search.

    Attributes:
        settings: What was tried.
        validation_auc: What was reached with them on the validation part.
    """

    settings: FitSettings
    validation_auc: float


def tune(
    reached: Callable[[FitSettings], float],
    *,
    trials: int,
    seed: int,
    start: FitSettings,
    on_trial: Callable[[Trial], None],
) -> list[Trial]:
    """Search learning rate, weight decay and batch size with Optuna's TPE sampler (Bergstra et al. 2011, section 4).

    Args:
        reached: Settings -> AUC on the validation part.
        trials: How many settings to try, at least 1.
        seed: Seed of the search.
        start: What is tried first, so that nothing worse on validation comes out; its epochs and patience stay.
        on_trial: Told of each trial; may raise to stop.

    Returns:
        The trials, in their order.

    Raises:
        MintError: Optuna is not installed.
    """
    optuna = require_optuna()
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    names = ("learning_rate", "weight_decay", "batch_size")
    study.enqueue_trial({name: getattr(start, name) for name in names})
    done: list[Trial] = []
    while len(done) < trials:
        asked = study.ask()
        settings = replace(start, **_suggested(asked))
        done.append(Trial(settings, reached(settings)))
        study.tell(asked, done[-1].validation_auc)
        on_trial(done[-1])
    return done


def best_of(trials: Sequence[Trial]) -> FitSettings:
    """Give the settings of the best trial, the first of equals.

    Its validation AUC is the best of many, and so too good: only the test part says what they are worth.
    """
    return max(trials, key=lambda trial: trial.validation_auc).settings


def require_optuna() -> Any:
    """Import Optuna.

    Raises:
        MintError: It is not installed.
    """
    try:
        import optuna  # noqa: PLC0415 - optional
    except ImportError as error:
        raise MintError(
            "A search of settings needs Optuna: install it with pip install 'mint-workbench[tune]'."
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _suggested(asked: Any) -> dict[str, Any]:
    return {
        "learning_rate": asked.suggest_float("learning_rate", *LEARNING_RATES, log=True),
        "weight_decay": asked.suggest_float("weight_decay", *WEIGHT_DECAYS, log=True),
        "batch_size": asked.suggest_categorical("batch_size", BATCH_SIZES),
    }
