"""Build an auditor's networks by the name of their kind."""

import hashlib
from collections.abc import Callable, Sequence

import torch
from torch import nn

from mintcore.auditors import JOINT, cnn, joint, linear, queries, vanilla
from mintcore.auditors.ensembles import Ensemble
from store.layout import ArraySpec

BUILDERS: dict[str, Callable[[tuple[int, ...]], nn.Module]] = {
    "linear": linear.build,
    "vanilla": vanilla.build,
    "cnn": cnn.build,
    "queries": queries.build,
}
"""Kind of network that reads one array -> what builds it for activations of a shape."""


def build_member(kind: str, specs: Sequence[ArraySpec]) -> nn.Module:
    """Build one network of a kind for what some arrays hold, with weights from torch's current seed."""
    return joint.build(specs) if kind == JOINT else BUILDERS[kind](specs[0].shape)


def build_network(kind: str, specs: Sequence[ArraySpec], seeds: int) -> Ensemble:
    """Build as many networks of a kind, to load weights into."""
    return Ensemble([build_member(kind, specs) for _ in range(seeds)])


def design(kind: str, specs: Sequence[ArraySpec]) -> str:
    """Identify the design of a kind's network, so that one of an earlier version is never taken for today's."""
    with torch.device("meta"):  # no memory, and no draw from the random state
        layers = repr(build_member(kind, specs))
    return hashlib.blake2b(layers.encode(), digest_size=5).hexdigest()
