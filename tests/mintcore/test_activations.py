from pathlib import Path

import numpy as np
import pytest

from mintcore.activations import ActivationSet
from store.artefacts import Home
from store.feature_store import FeatureStore, create_store
from store.layout import ArraySpec

SPEC = ArraySpec("block", "map8", (4, 8, 8), "float32")
ROWS = 3000


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    """3,000 maps whose first value is their number."""
    store = create_store(Home(tmp_path), "s", expected_rows=ROWS)
    values = np.zeros((ROWS, *SPEC.shape), np.float32)
    values[:, 0, 0, 0] = np.arange(ROWS)
    with store.writer([SPEC], ROWS) as writer:
        for start in range(0, ROWS, store.block_rows):
            piece = slice(start, start + store.block_rows)
            ids = [f"{i:032x}" for i in range(ROWS)[piece]]
            writer.commit(ids, {SPEC.key: values[piece]})
    return store


@pytest.mark.parametrize("window_rows", [1, 700, ROWS, 2 * ROWS])
def test_shuffled__gives_every_row_once_with_its_own_value(
    store: FeatureStore, window_rows: int
) -> None:
    chosen = np.random.default_rng(0).permutation(ROWS)[:900]
    rows = store.locate(SPEC.key, [f"{i:032x}" for i in chosen])
    found = ActivationSet(store, SPEC.key, rows, window_rows * SPEC.row_bytes)
    seen = []
    for positions, values in found.shuffled(64, np.random.default_rng(1)):
        assert values[:, 0, 0, 0].tolist() == chosen[positions].tolist()
        seen += positions.tolist()
    assert sorted(seen) == list(range(900))


def test_shuffled__another_epoch_has_another_order(store: FeatureStore) -> None:
    found = ActivationSet(store, SPEC.key, np.arange(1000), 300 * SPEC.row_bytes)
    rng = np.random.default_rng(0)
    epochs = [np.concatenate([p for p, _ in found.shuffled(50, rng)]) for _ in range(2)]
    assert (epochs[0] != epochs[1]).mean() > 0.9


def test_windows__bound_what_is_read_at_once(
    store: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 0
    read = store.read

    def counting(key: str, rows: np.ndarray) -> np.ndarray:
        nonlocal most
        most = max(most, len(rows))
        return read(key, rows)

    monkeypatch.setattr(store, "read", counting)
    found = ActivationSet(store, SPEC.key, np.arange(1000), 128 * SPEC.row_bytes)
    assert sum(len(p) for p, _ in found.sequential(64)) == 1000
    assert sum(len(p) for p, _ in found.shuffled(64, np.random.default_rng(0))) == 1000
    assert most == 128


def test_shuffled__what_fits_into_one_window_is_read_once(
    store: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    read = store.read
    monkeypatch.setattr(store, "read", lambda key, rows: reads.append(len(rows)) or read(key, rows))
    found = ActivationSet(store, SPEC.key, np.arange(500))
    for _ in range(3):
        for _ in found.shuffled(64, np.random.default_rng(0)):
            pass
    assert reads == [500]
