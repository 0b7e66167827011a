"""Train one auditor with settings that are searched for it, beside its blind baselines."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from mintcore.auditors import FUSED
from mintcore.auditors.course import validation_auc
from mintcore.auditors.evidence import AUDITOR, Evidence, examine
from mintcore.auditors.fitting import FitSettings
from mintcore.auditors.fusion import fuse_examined
from mintcore.auditors.plans import Plan
from mintcore.auditors.tuning import Trial, best_of, require_optuna, tune
from mintcore.errors import MintError
from mintcore.extraction.run import extract
from mintcore.extraction.stores import store_of
from mintcore.progress import Reporter
from mintcore.sweep import Experiment, SweepRequest, plan_auditors, prepare, train_missing
from store.artefacts import Card, Home


@dataclass(frozen=True)
class TuneRequest:
    """Which auditor to tune.

    Attributes:
        auditor: One auditor of one source; its settings are tried first.
        trials: How many settings to try.
    """

    auditor: SweepRequest
    trials: int


def train_tuned(
    home: Home, request: SweepRequest, trials: int, *, device: str, reporter: Reporter
) -> Card:
    """Search the settings of one auditor on the validation part, then train it and its blind baselines with them.

    A search that led to an auditor that is there is not repeated.

    Args:
        home: The home folder.
        request: One auditor of one source; its settings are tried first.
        trials: How many settings to try.
        device: "auto", "cpu", "cuda" or "cuda:N".
        reporter: Told of each stage, of each trial, and of each epoch of each network.

    Returns:
        The auditor's card, with the trials in ``search``.

    Raises:
        MintError: As ``sweep`` does, several auditors are asked for or a fused one, there is no trial, or Optuna is not
            installed.
    """
    if trials < 1:
        raise MintError(f"A search of {trials} trials tries nothing: ask for 1 or more.")
    if FUSED in request.kinds:
        raise MintError(
            "A fused auditor has a network for each source, and settings are searched for one network: tune one "
            "source alone, with another kind."
        )
    experiment = prepare(home, request, device=device, reporter=reporter)
    plan = _only_plan(experiment)
    settings, search = _known(home, plan, trials) or _search(experiment, plan, trials)
    (card,) = train_missing(experiment.with_settings(settings, search))
    return card


def _only_plan(experiment: Experiment) -> Plan:
    plans = plan_auditors(experiment)
    if len(plans) > 1:
        names = ", ".join(each.layer for each in plans[:3])
        raise MintError(
            f"Settings are searched for one auditor, and {len(plans)} are asked for ({names}, ...): name one layer."
        )
    return plans[0]


def _known(home: Home, plan: Plan, trials: int) -> tuple[FitSettings, dict[str, Any]] | None:
    """Find what an earlier search for the same auditor found, in as many trials."""
    for card in home.cards("auditors"):
        search = card.get("search")  # earlier versions searched nothing
        if search and search["for"] == plan.auditor_id and len(search["trials"]) == trials:
            return FitSettings(**card["settings"]), search
    return None


def _search(experiment: Experiment, plan: Plan, trials: int) -> tuple[FitSettings, dict[str, Any]]:
    require_optuna()  # before anything is extracted
    reached = _objective(experiment, plan)
    request, reporter = experiment.request, experiment.reporter
    reporter.stage("Search settings", trials)

    def on_trial(trial: Trial) -> None:
        found = trial.settings
        reporter.log(
            f"Validation AUC {trial.validation_auc:.3f}: learning rate {found.learning_rate:.1e}, "
            f"weight decay {found.weight_decay:.1e}, batches of {found.batch_size}"
        )
        reporter.advance()

    done = tune(
        reached, trials=trials, seed=request.seed, start=request.settings, on_trial=on_trial
    )
    search = {
        "for": plan.auditor_id,
        "chosen_on": "validation",
        "trials": [asdict(trial) for trial in done],
    }
    return best_of(done), search


def _objective(experiment: Experiment, plan: Plan) -> Callable[[FitSettings], float]:
    """Give what a trial is measured by; the test part is not even there."""
    request, audited = experiment.request, experiment.subjects.audited
    (source,) = plan.sources
    extract(experiment.home, audited, request.datasets(), source.specs, experiment.reporter)
    store = store_of(experiment.home, audited, 0)
    evidence = Evidence(AUDITOR, source.kind, store, source.keys)
    cohort = experiment.cohort.before_test()

    def reached(settings: FitSettings) -> float:
        examined = examine(
            [evidence],
            cohort,
            settings=settings,
            seeds=request.network_seeds(),
            device=audited.device,
            on_epoch=lambda _, __: experiment.reporter.advance(0),  # where a cancelled job stops
        )
        return validation_auc(fuse_examined(examined, cohort), cohort)

    return reached
