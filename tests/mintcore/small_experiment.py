"""An experiment whose activations are all known: an auditor's card and scores, its store, and its reference's."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from store.artefacts import Card, Home, write_card
from store.feature_store import create_store
from store.layout import ArraySpec

A_SIDE = 40
IDS = [f"{number:032x}" for number in range(2 * A_SIDE)]
IS_MEMBER = np.arange(2 * A_SIDE) < A_SIDE
PART = np.tile(["train", "validation", "test", "test"], A_SIDE // 2)
CHANNELS = 4


def activations(seed: int, apart: float) -> np.ndarray:
    """Give (80, 4) values: those of members lie ``apart`` higher in channel 0; channel 3 is silent."""
    values = np.random.default_rng(seed).normal(5, 1, (2 * A_SIDE, CHANNELS))
    values[:, 3] = 0
    values[IS_MEMBER, 0] += apart
    return values.astype(np.float32)


def make_experiment(home: Home) -> Card:
    """Write the experiment: at "block" members stand apart, at "output" nothing does, nor in the reference model."""
    _fill(home, "net-store", {"block": activations(0, 100), "output": activations(1, 0)})
    _fill(home, "reference-store", {"block": activations(2, 0)})
    sources = {"auditor": "net-store", "reference model": "reference-store"}
    with home.publishing("auditors", "net.a") as folder:
        scores = np.arange(2 * A_SIDE, dtype=float)
        columns = {"sample_id": IDS, "is_member": IS_MEMBER, "part": PART, "auditor": scores}
        pq.write_table(pa.table(columns), folder / "scores.parquet")
        write_card(
            folder,
            "auditors",
            "net.a",
            model="net",
            layer="block",
            made_from={"members": {"dataset": "in"}, "external": {"dataset": "out"}},
            networks={name: {"sources": [{"store": store}]} for name, store in sources.items()},
        )
    return home.card("auditors", "net.a")


def _fill(home: Home, name: str, layers: dict[str, Any]) -> None:
    store = create_store(home, name, expected_rows=len(IDS))
    specs = {layer: ArraySpec(layer, "pooled", (CHANNELS,), "float32") for layer in layers}
    with store.writer(list(specs.values()), len(IDS)) as writer:
        writer.commit(IDS, {specs[layer].key: values for layer, values in layers.items()}, {})
