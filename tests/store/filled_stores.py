"""Stores with several arrays, blocks and shards, all of whose values are known, and their damage."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from store.feature_store import FeatureStore, open_store
from store.layout import ArraySpec

POOLED = ArraySpec("layer1", "pooled", (64,))  # two shards of 512 rows a block
MAP = ArraySpec("layer1", "map", (4, 4, 2))  # one shard a block
WIDE = ArraySpec("layer2", "pooled", (128,), "bfloat16")  # four shards a block
SPECS = {spec.key: spec for spec in (POOLED, MAP, WIDE)}
IDS = [f"{number:032x}" for number in range(900)]
FAILED = {IDS[600]: ("unreadable", "truncated")}
BATCH = 800


class KilledError(BaseException):
    """Stands for ``kill -9``: nothing may catch it."""


def values(spec: ArraySpec, sample_ids: list[str]) -> np.ndarray:
    numbers = np.array([int(sample_id, 16) for sample_id in sample_ids], np.float32)
    column = (numbers % 128 + 1).reshape(-1, *[1] * len(spec.shape))
    return (column + np.zeros(spec.shape)).astype(spec.values_dtype)


def make_shards_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.layout.MAX_SHARD_BYTES", 2**16)
    monkeypatch.setattr("store.layout.CHUNK_BYTES", 2**13)


def extract(store: FeatureStore) -> None:
    """Compute what is missing, as an extraction does."""
    for keys, sample_ids in sorted(store.plan(IDS, list(SPECS)).missing.items()):
        with store.writer([SPECS[key] for key in keys], len(sample_ids)) as writer:
            for start in range(0, len(sample_ids), BATCH):
                batch = sample_ids[start : start + BATCH]
                failures = {name: why for name, why in FAILED.items() if name in batch}
                writer.commit(batch, {key: values(SPECS[key], batch) for key in keys}, failures)


def missing(store: FeatureStore) -> dict[str, list[str]]:
    """Give what is to be computed again, by array."""
    found: dict[str, list[str]] = {}
    for keys, sample_ids in open_store(store.folder).plan(IDS, list(SPECS)).missing.items():
        for key in keys:
            found.setdefault(key, []).extend(sample_ids)
    return {key: sorted(sample_ids) for key, sample_ids in found.items()}


def check_whole(store: FeatureStore) -> None:
    """Check that every image is there, in every array, with its own values."""
    again = open_store(store.folder)
    good = [sample_id for sample_id in IDS if sample_id not in FAILED]
    assert missing(again) == {}
    for key, spec in SPECS.items():
        rows = again.locate(key, good)
        assert (rows >= 0).all()
        np.testing.assert_array_equal(again.read(key, rows), values(spec, good))
    assert [row["sample_id"] for row in again.failures(IDS)] == list(FAILED)


def flip(file: Path, position: int, bit: int = 4) -> None:
    content = bytearray(file.read_bytes())
    content[position] ^= bit
    file.write_bytes(content)


@contextmanager
def killed_at(monkeypatch: pytest.MonkeyPatch, step: int) -> Iterator[list[int]]:
    """Die at the n-th change of the file system; gives a list that is empty if that never came."""
    steps: list[int] = []
    died: list[int] = []

    def dying(name: str) -> object:
        real = getattr(Path, name)

        def change(*given: object, **named: object) -> object:
            steps.append(1)
            if len(steps) == step:
                died.append(step)
                raise KilledError
            return real(*given, **named)

        return change

    with monkeypatch.context() as patch:
        for name in ("rename", "unlink", "rmdir", "touch"):
            patch.setattr(Path, name, dying(name))
        with suppress(KilledError):
            yield died
