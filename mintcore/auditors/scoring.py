"""Score images with an auditor and its blind baselines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mintcore.auditors.ensembles import Ensemble
from mintcore.auditors.evidence import Evidence, score_rows
from mintcore.auditors.fitting import score_values
from mintcore.auditors.fusion import Fusion
from mintcore.auditors.publication import load_networks, source_keys, sources_of
from mintcore.devices import choose_device
from store.artefacts import Card, Home
from store.feature_store import open_store
from store.joined import joined


@dataclass(frozen=True)
class Scorer:
    """An auditor's networks, loaded and ready.

    Attributes:
        keys: Arrays that each source reads, "layer/view".
        networks: Of each source, one a seed.
        fusion: Of the sources' scores.
    """

    keys: Sequence[tuple[str, ...]]
    networks: Sequence[Ensemble]
    fusion: Fusion

    def score(self, activations: Mapping[str, np.ndarray]) -> np.ndarray:
        """Score activations.

        Args:
            activations: Array key -> (B, *shape), of all arrays that the auditor reads.

        Returns:
            (B,) float64 logits.
        """
        by_source = []
        for keys, network in zip(self.keys, self.networks, strict=True):
            values = [activations[key] for key in keys]
            read = values[0] if len(values) == 1 else joined(values)
            by_source.append(score_values(network, read).T)
        return np.asarray(self.fusion.combine(np.stack(by_source)).mean(axis=0))


def load_scorer(home: Home, card: Card, name: str, device: torch.device) -> Scorer:
    """Load an auditor, "auditor", or one of its blind baselines.

    Raises:
        MintError: It was made by a version of MINT workbench whose networks were designed otherwise.
    """
    networks, fusion = load_networks(home, card, name)
    keys = [source_keys(source) for source in sources_of(card, name)[0]]
    return Scorer(keys, [network.to(device) for network in networks], fusion)


def score_images(
    home: Home, card: Card, sample_ids: list[str], device: str
) -> dict[str, np.ndarray]:
    """Score stored images with an auditor and its blind baselines.

    Returns:
        "auditor" and each blind baseline -> (N,) logits, NaN where a store lacks an activation of the image.
    """
    target = choose_device(device)
    return {name: _score_stored(home, card, name, sample_ids, target) for name in card["networks"]}


def _score_stored(
    home: Home, card: Card, name: str, sample_ids: list[str], device: torch.device
) -> np.ndarray:
    scorer = load_scorer(home, card, name, device)
    by_source = []
    sources, _ = sources_of(card, name)
    for source, network in zip(sources, scorer.networks, strict=True):
        store = open_store(home.folder("stores", source["store"]))
        evidence = Evidence(name, source["kind"], store, source_keys(source))
        by_source.append(score_rows(network, evidence, evidence.rows(sample_ids)))
    return np.asarray(scorer.fusion.combine(np.stack(by_source)).mean(axis=0))
