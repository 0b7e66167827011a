"""The AUC of many networks at once."""

import numpy as np


def aucs(scores: np.ndarray, is_member: np.ndarray) -> np.ndarray:
    """Probability that a member scores above an external, ties counting half, of each network.

    Args:
        scores: (K, N) scores.
        is_member: (K, N) bool, in each row some of both.

    Returns:
        (K,) float64.
    """
    order = np.argsort(scores, axis=1)
    ranks = _middle_ranks(np.take_along_axis(scores, order, axis=1))
    member = np.take_along_axis(is_member, order, axis=1)
    members = member.sum(axis=1)
    externals = scores.shape[1] - members
    # Mann and Whitney 1947, with the ranks of ties in the middle
    above = (ranks * member).sum(axis=1) - members * (members + 1) / 2
    return np.asarray(above / (members * externals))


def _middle_ranks(ascending: np.ndarray) -> np.ndarray:
    """Rank (K, N) scores that ascend from 1 to N; equal ones all get the middle of theirs."""
    places = np.broadcast_to(np.arange(ascending.shape[1]), ascending.shape)
    new = np.ones(ascending.shape, bool)
    new[:, 1:] = ascending[:, 1:] != ascending[:, :-1]
    first = np.maximum.accumulate(np.where(new, places, 0), axis=1)
    ends = np.ones(ascending.shape, bool)
    ends[:, :-1] = new[:, 1:]
    nobody = ascending.shape[1]
    last = np.minimum.accumulate(np.where(ends, places, nobody)[:, ::-1], axis=1)[:, ::-1]
    return (first + last) / 2 + 1
