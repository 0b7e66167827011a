"""Signals: the few numbers of a classifier's answer that membership-inference methods look at.

They are computed in float64 from the logits. A model is so sure of what it has learnt that its probabilities round to
1 in float32 and its losses to 0; images whose scores are then equal cannot be ranked, and their ties fake an AUC.
What gets that small is kept as its logarithm, so float32 is enough to store it.
"""

import torch
from torch import Tensor

from mintcore.models.layers import SIGNALS

__all__ = ["SIGNALS", "signals"]

_NEGLIGIBLE = -37.0
"""Below it, log(1 + exp(x)) is exp(x) to the last bit of a float64."""


def signals(logits: Tensor, targets: Tensor | None) -> Tensor:
    """Compute the signals of some answers.

    With p the softmax of the logits z, y the target and "others" all classes but y, they are

    - ``scaled_logit``: log(p_y / (1 - p_y)), which is z_y - logsumexp(z of the others): the confidence of LiRA
      (Carlini et al. 2022, arXiv 2112.03570, section VI.A).
    - ``loss``: -log p_y, the cross-entropy; rank by ``scaled_logit``, which says the same without rounding to 0.
    - ``margin``: z_y - max(z of the others).
    - ``log_entropy``: log of -sum p log p.
    - ``log_modified_entropy``: log of -(1 - p_y) log p_y - sum over others of p log(1 - p) (Song and Mittal 2021, arXiv
      2003.10595, equation 6).
    - ``top_scaled_logit``: ``scaled_logit`` of the most probable class: how sure the model is, right or wrong.
    - ``target_logit``: z_y.
    - ``logsumexp``: of all logits.
    - ``correct``: 1 where y is the most probable class, otherwise 0.

    Args:
        logits: (B, C) of any floating-point type, C of at least 2.
        targets: (B,) int64 class numbers; None for the class that the model predicts.

    Returns:
        (B, S) float32, in the order of ``SIGNALS``; where a logit is not finite, neither are they.
    """
    z = logits.double()
    top = z.argmax(1)
    y = top if targets is None else targets.to(z.device)
    scaled = _scaled_logits(z, top)
    scaled_logit = _at(scaled, y)
    named = {
        "scaled_logit": scaled_logit,
        "loss": _softplus(-scaled_logit),
        "margin": _at(z, y) - _without(z, y).amax(1),
        "log_entropy": torch.logsumexp(_log_own_terms(scaled), 1),
        "log_modified_entropy": torch.logsumexp(_log_modified_terms(scaled, y), 1),
        "top_scaled_logit": _at(scaled, top),
        "target_logit": _at(z, y),
        "logsumexp": torch.logsumexp(z, 1),
        "correct": (y == top).double(),
    }
    return torch.stack([named[name] for name in SIGNALS], dim=1).float()


def _scaled_logits(z: Tensor, top: Tensor) -> Tensor:
    """Give (B, C) log(p / (1 - p)) of each class, without the cancellation in 1 - p of the most probable one."""
    log_others = torch.logsumexp(_without(z, top), 1)
    top_scaled = _at(z, top) - log_others
    log_p = z - torch.logaddexp(_at(z, top), log_others)[:, None]
    scaled = log_p - torch.log1p(-log_p.exp())
    return scaled.scatter(1, top[:, None], top_scaled[:, None])


def _log_own_terms(scaled: Tensor) -> Tensor:
    """Give log(-p log p) of each class."""
    return -_softplus(-scaled) + _log_softplus(-scaled)


def _log_modified_terms(scaled: Tensor, y: Tensor) -> Tensor:
    """Give log(-(1 - p) log p) of the target and log(-p log(1 - p)) of the others."""
    others = -_softplus(-scaled) + _log_softplus(scaled)
    of_target = _at(-_softplus(scaled) + _log_softplus(-scaled), y)
    return others.scatter(1, y[:, None], of_target[:, None])


def _softplus(x: Tensor) -> Tensor:
    return torch.logaddexp(x, torch.zeros_like(x))


def _log_softplus(x: Tensor) -> Tensor:
    return torch.where(x < _NEGLIGIBLE, x, _softplus(x.clamp(min=_NEGLIGIBLE)).log())


def _at(values: Tensor, classes: Tensor) -> Tensor:
    return values.gather(1, classes[:, None])[:, 0]


def _without(z: Tensor, classes: Tensor) -> Tensor:
    return z.scatter(1, classes[:, None], -torch.inf)
