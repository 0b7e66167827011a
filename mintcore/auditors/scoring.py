"""Score stored images with an auditor and its blind baselines."""

import numpy as np

from mintcore.auditors.evidence import Evidence, score_rows
from mintcore.auditors.publication import load_network
from mintcore.devices import choose_device
from store.artefacts import Card, Home
from store.feature_store import open_store


def score_images(
    home: Home, card: Card, sample_ids: list[str], device: str
) -> dict[str, np.ndarray]:
    """Score stored images with every network of an auditor.

    Returns:
        "auditor" and each blind baseline -> (N,) logits, NaN where a store has no activation of the image.
    """
    target = choose_device(device)
    found = {}
    for name, described in card["networks"].items():
        store = open_store(home.folder("stores", described["store"]))
        evidence = Evidence(name, described["kind"], store, described["key"])
        network = load_network(home, card, name).to(target)
        rows = store.locate(evidence.key, sample_ids)
        found[name] = score_rows(network, evidence, rows)
    return found
