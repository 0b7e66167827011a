"""How equal the results of two runs are: docs/extraction.md states what is tested here."""

import shutil

import numpy as np
import pytest
import torch

from mintcore.datasets.reading import samples
from mintcore.extraction.requests import ExtractionRequest
from mintcore.extraction.run import extract_datasets
from mintcore.progress import SilentReporter
from store.artefacts import Home
from store.feature_store import open_store

BATCH_TOLERANCE = 5e-6
"""Of the largest value of a row, in float32, between two sizes of batches on one device.

Of the blocks of a ResNet-56, whose depth adds up the rounding, 2.2e-6 was measured.
"""
DEVICE_TOLERANCE = 5e-3
"""Likewise, between a CPU and a GPU, whose convolutions round to TensorFloat-32."""


def extracted(
    home: Home, dtype: str = "float32", device: str = "cpu", **settings: object
) -> dict[str, np.ndarray]:
    """Extract 200 digits into a new store and read all of it."""
    shutil.rmtree(home.path / "stores", ignore_errors=True)
    request = ExtractionRequest("net", ("mixed",), dtype=dtype, map_side=4, **settings)  # type: ignore[arg-type]
    summary = extract_datasets(home, request, device=device, reporter=SilentReporter())
    store = open_store(home.folder("stores", summary.store))
    ids = samples(home, "mixed").column("sample_id").to_pylist()
    return {key: store.read(key, store.locate(key, ids)) for key in summary.arrays}


def farthest(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> float:
    """Largest difference of two values, as a share of the largest value of their row."""
    return max(float(np.max(np.abs(one[key] - other[key]) / _largest(other[key]))) for key in other)


def _largest(values: np.ndarray) -> np.ndarray:
    return np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True) + 1e-30


@pytest.mark.parametrize("batch_size", [1, 7, 200])
def test_extract__the_size_of_batches_hardly_matters(digits_home: Home, batch_size: int) -> None:
    usual = extracted(digits_home)
    assert farthest(extracted(digits_home, batch_size=batch_size), usual) < BATCH_TOLERANCE


def test_extract__float16_differs_in_its_last_bit_at_most(digits_home: Home) -> None:
    usual = extracted(digits_home, "float16")
    for key, values in extracted(digits_home, "float16", batch_size=7).items():
        # bits of float16 of one sign are in the order of the values
        steps = np.abs(values.view(np.int16).astype(int) - usual[key].view(np.int16).astype(int))
        near_zero = np.maximum(np.abs(values), np.abs(usual[key])) < 1e-4
        assert steps[~near_zero].max() <= 1


def test_extract__the_number_of_workers_does_not_matter(digits_home: Home) -> None:
    views = ("pooled", "map", "signals")
    one, many = (extracted(digits_home, workers=workers, views=views) for workers in (1, 5))
    assert "output/signals-predicted" in one
    assert all(np.array_equal(one[key], many[key]) for key in one)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is at hand")
def test_extract__a_gpu_agrees_with_the_cpu(digits_home: Home) -> None:
    usual = extracted(digits_home)
    assert farthest(extracted(digits_home, device="cuda"), usual) < DEVICE_TOLERANCE
