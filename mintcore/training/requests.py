"""What is asked of a training. Needs no torch."""

from dataclasses import dataclass

from mintcore.models.precision import Autocast
from mintcore.models.preprocessing import Preprocessing
from mintcore.training.settings import TrainingSettings

_USUAL = TrainingSettings()


@dataclass(frozen=True)
class TrainingRequest:
    """Which model to train on what.

    Attributes:
        name: Name of the new model.
        arch: As ``architectures.build`` takes it.
        datasets: Names of the datasets.
        preprocessing: Of the new model.
        membership: Which of their images: "member" for an audited model, "external" for a reference
            model that is to see no members; None for all.
        settings: How to train.
        test: Dataset that the accuracy is measured on at the end, held out.
        autocast: The lower precision in which the new model runs when it is audited.
        allow_code: Whether ``arch`` may be a factory; only the command line says so.
    """

    name: str
    arch: str
    datasets: tuple[str, ...]
    preprocessing: Preprocessing
    membership: str | None = "member"
    settings: TrainingSettings = _USUAL
    test: str | None = None
    autocast: Autocast | None = None
    allow_code: bool = False
