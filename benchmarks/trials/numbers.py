"""What is made of a model's answers before something learns from it."""

import numpy as np

from benchmarks.trials.lab import BLOCKS, Lab
from benchmarks.trials.views import SHOWN, UNSEEN
from mintcore.auditors.queries import LEVELS

MIRRORED = SHOWN[1]
PROBED = [block for block in BLOCKS if block >= (2, 3)]
PULL, RANDOM, FOLDS = 30.0, 256, 5


def spread(answers: np.ndarray) -> np.ndarray:
    """Turn (N, K, S) into quantiles, mean and standard deviation over the K views, (N, F)."""
    quantiles = np.quantile(answers, LEVELS, axis=1)
    return np.concatenate([*quantiles, answers.mean(1), answers.std(1)], axis=1)


def training_views(lab: Lab, count: int = len(SHOWN)) -> np.ndarray:
    """How the answers are spread over the first so many fixed queries."""
    return spread(lab.answers(SHOWN[:count]))


def unseen_views(lab: Lab) -> np.ndarray:
    """The scaled logit under each view that training never showed."""
    return lab.answers(UNSEEN)[:, :, 0]


def reaction(lab: Lab) -> np.ndarray:
    """Log distance between the image and its mirror image, and a far shift, at each block."""
    found = []
    for block in BLOCKS:
        own = lab.layer(*block)
        others = [lab.layer(*block, view) for view in (MIRRORED, UNSEEN[0])]
        found += [np.log(np.linalg.norm(own - other, axis=1) + 1e-4) for other in others]
    return np.stack(found, axis=1)


def lenses(lab: Lab) -> np.ndarray:
    """What the last linear layer would answer after each block of the last stage."""
    return np.concatenate([lab.lens(block) for block in range(9)], axis=1)


def classes(lab: Lab) -> np.ndarray:
    """The class, one-hot."""
    return np.eye(10)[lab.labels]


def probes(lab: Lab) -> np.ndarray:
    """How sure a probe of each block is of the label: how hard the image is before it is remembered.

    A probe is ridge regression of the class on a block's pooled activations and random ReLU features of them. It is
    fitted on four fifths of the training and validation parts and asked about others. It is not told who is a member.
    """
    found = np.full((len(lab.labels), 2 * len(PROBED)), np.nan)
    fold = np.random.default_rng(9).integers(0, FOLDS, len(lab.labels))
    known, is_open = lab.part != "test", np.isin(lab.part, lab.parts)
    for place, block in enumerate(PROBED):
        pooled = (lab.layer(*block) + lab.layer(*block, MIRRORED)) / 2
        features = _enriched((pooled - pooled[known].mean(0)) / (pooled[known].std(0) + 1e-6))
        for held_out in range(FOLDS):
            rest, asked = known & (fold != held_out), is_open & (fold == held_out)
            answers = _ridge(features[rest], classes(lab)[rest], features[asked])
            found[asked, 2 * place : 2 * place + 2] = _certainty(answers, lab.labels[asked])
    return found


def _enriched(values: np.ndarray) -> np.ndarray:
    directions = np.random.default_rng(0).normal(size=(values.shape[1], RANDOM))
    relu = np.maximum(values @ (directions / values.shape[1] ** 0.5), 0)
    return np.concatenate([values, relu, np.ones((len(values), 1))], axis=1)


def _ridge(known: np.ndarray, targets: np.ndarray, others: np.ndarray) -> np.ndarray:
    gram = known.T @ known + PULL * np.eye(known.shape[1])
    return np.asarray(others @ np.linalg.solve(gram, known.T @ targets))


def _certainty(answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The answer for the label, and how far it is above the highest other: (M, 2)."""
    own = np.take_along_axis(answers, labels[:, None], 1)
    others = answers.copy()
    np.put_along_axis(others, labels[:, None], -np.inf, 1)
    return np.concatenate([own, own - others.max(1, keepdims=True)], axis=1)
