"""Build an auditor's networks by the name of their kind."""

import hashlib
from collections.abc import Sequence
from importlib import import_module

import torch
from torch import nn

from mintcore.auditors import JOINT, SINGLE_KINDS, joint
from mintcore.auditors.ensembles import Ensemble
from store.layout import ArraySpec


def build_member(kind: str, specs: Sequence[ArraySpec]) -> nn.Module:
    """Build one network of a kind for what some arrays hold, with weights from torch's current seed."""
    return joint.build(specs) if kind == JOINT else _build_single(kind, specs[0].shape)


def build_network(kind: str, specs: Sequence[ArraySpec], seeds: int) -> Ensemble:
    """Build as many networks of a kind, to load weights into."""
    return Ensemble([build_member(kind, specs) for _ in range(seeds)])


def design(kind: str, specs: Sequence[ArraySpec]) -> str:
    """Identify the design of a kind's network, so that one of an earlier version is never taken for today's."""
    with torch.device("meta"):  # no memory, and no draw from the random state
        layers = repr(build_member(kind, specs))
    return hashlib.blake2b(layers.encode(), digest_size=5).hexdigest()


def _build_single(kind: str, shape: tuple[int, ...]) -> nn.Module:
    """Build a network that reads one array by the module of the kind's name."""
    if (
        kind not in SINGLE_KINDS
    ):  # a card may say anything, and a module is not imported by its word
        raise KeyError(kind)
    network: nn.Module = import_module(f"mintcore.auditors.{kind}").build(shape)
    return network
