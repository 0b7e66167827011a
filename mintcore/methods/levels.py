"""At which level a loss is below a quantile of other losses, as Attack-P and Attack-R ask.

A few losses have few quantiles. The authors' program (``linear_itp`` in ml_privacy_meter) interpolates linearly
between them, and between 0 and a loss of 1000; so is it done here.
"""

import numpy as np

LARGEST_LOSS = 1000.0


def interpolated_levels(scaled_logit: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Give the alpha whose alpha-quantile of other losses is the loss of an image.

    Args:
        scaled_logit: (N,) log(p / (1 - p)) of the images.
        others: (R, N) of those to compare each image with; (R, 1) for the same ones for all.

    Returns:
        (N,) float64 in [0, 1].
    """
    losses, points = _losses(scaled_logit), np.sort(_losses(others), axis=0)
    ends = np.ones((1, points.shape[1]))
    points = np.concatenate([0 * ends, points, LARGEST_LOSS * ends])
    levels = np.linspace(0, 1, len(points))
    if points.shape[1] == 1:
        return np.asarray(np.interp(losses, points[:, 0], levels))
    pairs = zip(losses, points.T, strict=True)
    return np.array([np.interp(loss, known, levels) for loss, known in pairs])


def _losses(scaled_logit: np.ndarray) -> np.ndarray:
    return np.minimum(np.logaddexp(0.0, -np.asarray(scaled_logit, np.float64)), LARGEST_LOSS)
