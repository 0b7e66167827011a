"""Auditors: the MINT models. One module a kind; fitting and scoring are the same for all."""

from typing import NamedTuple

from mintcore.models.layers import MAP, POOLED, SIGNALS_VIEW


class SingleKind(NamedTuple):
    """A kind of auditor whose network reads one array; ``build`` of the module of its name makes the network.

    Attributes:
        view: The view of a layer that it is made for.
        words: What it is and reads, in a few words for people.
    """

    view: str
    words: str


SINGLE_KINDS = {
    "vanilla": SingleKind(POOLED, "Vanilla: a small network over the mean of each channel"),
    "cnn": SingleKind(MAP, "CNN: convolutions over the activation map"),
    "linear": SingleKind(
        POOLED, "Linear: logistic regression over the mean of each channel, the floor"
    ),
    "queries": SingleKind(
        SIGNALS_VIEW, "Queries: how the answers to shifted and mirrored copies are spread"
    ),
}
"""The kinds that read one array of a store."""
FUSED = "fused"
"""The kind of an auditor that reads several sources, each with a network of its own."""
JOINT = "joint"
"""The kind of an auditor that reads several sources with one network."""
_READS = "all layers and, of a classifier, its answers to shifted images"
SEVERAL_KINDS = {
    JOINT: f"Joint: {_READS}, read by one network",
    FUSED: f"Fused: {_READS}, a network for each",
}
"""The kinds that read several sources, and what they are in a few words."""
OF_SEVERAL = tuple(SEVERAL_KINDS)
KIND_WORDS = {kind: each.words for kind, each in SINGLE_KINDS.items()} | SEVERAL_KINDS
"""Every kind of auditor, and what it is and reads."""
