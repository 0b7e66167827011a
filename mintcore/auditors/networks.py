"""Build an auditor's network by the name of its kind."""

import hashlib
from collections.abc import Callable

import torch
from torch import nn

from mintcore.auditors import cnn, vanilla

BUILDERS: dict[str, Callable[[tuple[int, ...]], nn.Module]] = {
    "vanilla": vanilla.build,
    "cnn": cnn.build,
}


def build_network(kind: str, shape: tuple[int, ...]) -> nn.Module:
    """Build the network of a kind for activations of a shape, with weights from torch's current seed."""
    return BUILDERS[kind](shape)


def design(kind: str, shape: tuple[int, ...]) -> str:
    """Identify the design of a kind's network, so that one of an earlier version is never taken for today's."""
    with torch.device("meta"):  # no memory, and no draw from the random state
        layers = repr(build_network(kind, shape))
    return hashlib.blake2b(layers.encode(), digest_size=5).hexdigest()
