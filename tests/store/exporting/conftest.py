import numpy as np
import pyarrow as pa
import pytest

from store.feature_store import FeatureStore
from store.layout import ArraySpec

POOLED = ArraySpec("layer1", "pooled", (4,))
MAP = ArraySpec("layer2", "map", (2, 3, 3), "float32")
TOKENS = ArraySpec("block3", "tokens", (3, 4), "bfloat16")


@pytest.fixture
def filled(store: FeatureStore) -> FeatureStore:
    """Images 0 to 9: 4 failed, 8 and 9 have no map. Value 0 of a row is the image's number."""
    ids = [f"{number:032x}" for number in range(10)]
    content = {}
    for spec in (POOLED, MAP, TOKENS):
        values = np.random.default_rng(7).normal(100, 20, (10, *spec.shape))
        values.reshape(10, -1)[:, 0] = np.arange(10)
        content[spec.key] = values.astype("float16" if spec is POOLED else "float32")
    with store.writer([POOLED, MAP, TOKENS], 8) as writer:
        first = {key: values[:8] for key, values in content.items()}
        writer.commit(ids[:8], first, {ids[4]: ("unreadable", "truncated")})
    with store.writer([POOLED, TOKENS], 2) as writer:
        last = {spec.key: content[spec.key][8:] for spec in (POOLED, TOKENS)}
        writer.commit(ids[8:], last)
    return store


@pytest.fixture
def samples() -> pa.Table:
    """Eight images in an order of their own; 4 failed, 8 has no map, 12 is not in the store."""
    numbers = [7, 2, 4, 8, 0, 12, 5, 1]
    return pa.table(
        {
            "sample_id": [f"{number:032x}" for number in numbers],
            "membership": [["member", "external"][number % 2] for number in numbers],
            "label": ["cat", None, "dog", "cat", "Hühnchen", "dog", None, ""],
            "status": pa.array(["ok"] * 8).dictionary_encode(),
            "number": numbers,
            "fold": pa.array([None, 1, 2, 3, 4, 5, 6, 7], pa.int8()),
        }
    )
