"""Exercises for auditors from a store of synthetic activations that tell a little about membership."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from mintcore.auditors.fitting import Exercise, LabelledSet
from store.artefacts import Home
from store.epochs import RowSet
from store.feature_store import FeatureStore, create_store
from store.layout import ArraySpec

RESNET56_WIDTHS = [16, *[16] * 9, *[32] * 9, *[64] * 9]
"""Widths of the pooled view: the stem, and nine blocks of each stage."""
TRUE_AUC = 0.7


@dataclass(frozen=True)
class Sizes:
    """How many images each part has."""

    train: int
    validation: int
    test: int

    @property
    def parts(self) -> tuple[slice, slice, slice]:
        """Where the images of each part are: train, validation, test."""
        ends = np.cumsum([0, self.train, self.validation, self.test]).tolist()
        return slice(*ends[:2]), slice(*ends[1:3]), slice(*ends[2:])


class SyntheticLayers:
    """A store with a pooled view for each layer.

    Half of the images are members. Activations are normal; those of members lie further along one direction of each
    layer, so far that the best score of it has an AUC of ``TRUE_AUC``.

    Args:
        folder: Where the store is made.
        widths: Width of each layer.
        sizes: How many images.
    """

    def __init__(self, folder: Path, widths: list[int], sizes: Sizes) -> None:
        self.count, self.sizes = len(widths), sizes
        images = sizes.train + sizes.validation + sizes.test
        rng = np.random.default_rng(0)
        self.is_member = rng.permutation(np.arange(images) % 2 == 0)
        self._specs = [ArraySpec(f"layer{i}", "pooled", (w,)) for i, w in enumerate(widths)]
        self._values = {s.key: self._drawn(rng, s.shape[0]) for s in self._specs}
        self._ids = [f"{i:032x}" for i in range(images)]
        self._store = self._written(folder)

    def exercise(self, layer: int, kind: str = "vanilla") -> Exercise:
        """Read what an auditor of a layer learns from."""
        key = self._specs[layer].key
        rows = self._store.locate(key, self._ids)
        train, validation = (
            LabelledSet(RowSet(self._store, key, rows[part]), self.is_member[part])
            for part in self.sizes.parts[:2]
        )
        return Exercise(kind, train, validation)

    def standardised(self, layer: int) -> np.ndarray:
        """Give all activations (N, C) float32 of a layer, standardised by the training part."""
        values = self._values[self._specs[layer].key].astype(np.float32)
        seen = values[self.sizes.parts[0]]
        return np.asarray((values - seen.mean(axis=0)) / seen.std(axis=0))

    def values(self, layer: int) -> np.ndarray:
        """Give all activations (N, C) float16 of a layer, as they are stored."""
        return self._values[self._specs[layer].key]

    def _drawn(self, rng: np.random.Generator, width: int) -> np.ndarray:
        direction = rng.normal(size=width)
        step = np.sqrt(2) * stats.norm.ppf(TRUE_AUC) * direction / np.linalg.norm(direction)
        values = rng.normal(size=(len(self.is_member), width))
        return np.asarray(values + np.outer(self.is_member, step)).astype(np.float16)

    def _written(self, folder: Path) -> FeatureStore:
        store = create_store(Home(folder), "synthetic", expected_rows=len(self._ids))
        with store.writer(self._specs, len(self._ids)) as writer:
            for start in range(0, len(self._ids), store.block_rows):
                block = slice(start, start + store.block_rows)
                writer.commit(self._ids[block], {k: v[block] for k, v in self._values.items()})
        return store
