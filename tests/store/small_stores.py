"""Small stores for tests: a few images with known values, datasets that list them, all answers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from store.feature_store import FeatureStore
from store.layout import ArraySpec
from store.query import Query
from store.samples import SAMPLES_SCHEMA

A = ArraySpec("a", "pooled", (1,), "float32")
B = ArraySpec("b", "pooled", (1,), "float32")
IDS = [f"{number:032x}" for number in range(16)]


def commit(
    store: FeatureStore, numbers: Sequence[int], spec: ArraySpec = A, failed: Sequence[int] = ()
) -> None:
    values = np.array(numbers, np.float32).reshape(-1, 1)
    failures = {IDS[number]: (f"bad{number}", "why") for number in failed}
    with store.writer([spec], len(numbers)) as writer:
        writer.commit([IDS[number] for number in numbers], {spec.key: values}, failures)


def list_dataset(
    store: FeatureStore, dataset: str, numbers: Sequence[int], version: str = "1"
) -> None:
    rows = [
        {
            "sample_id": IDS[number],
            "uri": "x.png",
            "membership": "member" if number % 2 else "external",
            "label": version,
            "identity": None,
            "split": None,
            "status": "unreadable" if number == 13 else "ok",
            "reason": "no file" if number == 13 else None,
        }
        for number in numbers
    ]
    file = store.folder.parent / f"{dataset}.parquet"
    pq.write_table(pa.Table.from_pylist(rows, SAMPLES_SCHEMA), file)
    store.list_dataset(dataset, version, file)


def answers(store: FeatureStore) -> dict[str, Any]:
    """Ask everything that the index answers."""
    info = store.info()
    plan = store.plan(IDS, [A.key, B.key])
    return {
        "specs": store.specs(),
        "rows": {key: store.locate(key, IDS).tolist() for key in (A.key, B.key)},
        "missing": dict(plan.missing),
        "failures": store.failures(IDS),
        "select": store.select(Query()).to_pylist(),
        "with A": store.select(Query(array=A.key)).to_pylist(),
        "counts": store.count(["dataset", "membership", "status", "label"]),
        "info": {name: info[name] for name in ("rows", "images", "failed", "datasets", "segments")},
    }
