"""What a joint network leans on: the AUC that is lost when one kind of source is shuffled among images."""

from math import prod

import numpy as np

from mintcore.auditors.ensembles import Ensemble
from mintcore.auditors.exercises import LabelledSet
from mintcore.auditors.streaming import score_values
from mintcore.evaluation.roc import auc

MOST_IMAGES = 5_000
_SEED = 0


def importance(network: Ensemble, validation: LabelledSet) -> dict[str, float]:
    """Measure what each view contributes to a joint network (permutation importance, Breiman 2001, section 10).

    The arrays of one view ("pooled") are shuffled together, for neighbouring layers say nearly the same, and none of
    them alone would be missed.

    Args:
        network: The fitted networks.
        validation: Images that they were not fitted on; at most ``MOST_IMAGES`` of them are used.

    Returns:
        View -> AUC lost, the largest first; about zero where nothing is.
    """
    rng = np.random.default_rng(_SEED)
    positions, values = next(iter(validation.activations.shuffled(MOST_IMAGES, rng)))
    is_member = validation.is_member[positions]

    def reached(read: np.ndarray) -> float:
        scores = score_values(network, read).mean(axis=1)
        return auc(scores[is_member], scores[~is_member])

    whole, lost = reached(values), {}
    for view, columns in _columns(validation).items():
        shuffled = values.copy()
        shuffled[:, columns] = values[rng.permutation(len(values))][:, columns]
        lost[view] = whole - reached(shuffled)
    return dict(sorted(lost.items(), key=lambda each: -each[1]))


def _columns(labelled: LabelledSet) -> dict[str, np.ndarray]:
    """Give view -> numbers of the columns in which its arrays lie."""
    specs = labelled.activations.specs
    views = np.repeat([spec.view for spec in specs], [prod(spec.shape) for spec in specs])
    return {str(view): np.flatnonzero(views == view) for view in dict.fromkeys(views.tolist())}
