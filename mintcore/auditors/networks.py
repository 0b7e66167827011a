"""Build an auditor's networks by the name of their kind."""

import hashlib
from collections.abc import Callable

import torch
from torch import nn

from mintcore.auditors import cnn, linear, queries, vanilla
from mintcore.auditors.ensembles import Ensemble

BUILDERS: dict[str, Callable[[tuple[int, ...]], nn.Module]] = {
    "linear": linear.build,
    "vanilla": vanilla.build,
    "cnn": cnn.build,
    "queries": queries.build,
}


def build_member(kind: str, shape: tuple[int, ...]) -> nn.Module:
    """Build one network of a kind for activations of a shape, with weights from torch's current seed."""
    return BUILDERS[kind](shape)


def build_network(kind: str, shape: tuple[int, ...], seeds: int) -> Ensemble:
    """Build as many networks of a kind, to load weights into."""
    return Ensemble([build_member(kind, shape) for _ in range(seeds)])


def design(kind: str, shape: tuple[int, ...]) -> str:
    """Identify the design of a kind's network, so that one of an earlier version is never taken for today's."""
    with torch.device("meta"):  # no memory, and no draw from the random state
        layers = repr(build_member(kind, shape))
    return hashlib.blake2b(layers.encode(), digest_size=5).hexdigest()
