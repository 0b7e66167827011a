import threading
import weakref
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.artefacts import Home
from store.epochs import RowSet
from store.errors import StoreError
from store.feature_store import FeatureStore, create_store
from store.layout import ArraySpec
from store.reading import SCRATCH_BYTES

SPEC = ArraySpec("block", "pooled", (64, 128), "float32")
ROWS = 1500
CHUNK_ROWS = 32
CHUNK_BYTES = CHUNK_ROWS * SPEC.row_bytes


def numbers(values: np.ndarray) -> list[int]:
    return values[:, 0, 0].astype(int).tolist()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    """1,500 rows of 32 KiB in 47 chunks; the first value of each is its number."""
    store = create_store(Home(tmp_path_factory.mktemp("home")), "s", expected_rows=0)
    with store.writer([SPEC], ROWS) as writer:
        for start in range(0, ROWS, store.block_rows):
            count = min(store.block_rows, ROWS - start)
            values = np.zeros((count, *SPEC.shape), np.float32)
            values[:, 0, 0] = np.arange(start, start + count)
            writer.commit([f"{i:032x}" for i in range(start, start + count)], {SPEC.key: values})
    assert store.chunk_rows(SPEC.key) == CHUNK_ROWS
    return store


def windows_of(chunks: int) -> int:
    """Give the memory in which two windows of so many chunks fit."""
    return SCRATCH_BYTES + 2 * chunks * CHUNK_BYTES


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("store-read")}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(st.integers(0, ROWS - 1), max_size=120),
    batch_size=st.integers(1, 200),
    chunks=st.integers(0, 3),
    shuffled=st.booleans(),
)
def test_every_row_comes_once_with_its_value(
    filled: FeatureStore, rows: list[int], batch_size: int, chunks: int, shuffled: bool
) -> None:
    # less than the rows take, so that they are read in windows
    found = RowSet(filled, SPEC.key, np.array(rows, np.int64), chunks * CHUNK_BYTES)
    rng = np.random.default_rng(0)
    batches = list(found.shuffled(batch_size, rng) if shuffled else found.sequential(batch_size))
    for positions, values in batches:
        assert numbers(values) == [rows[at] for at in positions]
    assert sorted(np.concatenate([[], *(p for p, _ in batches)])) == list(range(len(rows)))
    sizes = [len(positions) for positions, _ in batches]
    assert all(size == batch_size for size in sizes[:-1])


@pytest.mark.parametrize("chunks", [1, 5, 47])
def test_shuffled__mixes_within_and_between_chunks(filled: FeatureStore, chunks: int) -> None:
    found = RowSet(filled, SPEC.key, np.arange(ROWS), windows_of(chunks))
    order = np.concatenate([p for p, _ in found.shuffled(50, np.random.default_rng(0))])
    assert (np.abs(np.diff(order)) == 1).mean() < 0.1
    assert abs(np.corrcoef(order, np.arange(ROWS))[0, 1]) < 0.4


def test_shuffled__another_epoch_has_another_order(filled: FeatureStore) -> None:
    found = RowSet(filled, SPEC.key, np.arange(1000), windows_of(5))
    rng = np.random.default_rng(0)
    epochs = [np.concatenate([p for p, _ in found.shuffled(50, rng)]) for _ in range(2)]
    assert (epochs[0] != epochs[1]).mean() > 0.9


def test_shuffled__same_seed_same_order_whatever_the_timing(
    filled: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def order() -> list[int]:
        found = RowSet(filled, SPEC.key, np.arange(1000), windows_of(5))
        return [i for p, _ in found.shuffled(50, np.random.default_rng(7)) for i in p.tolist()]

    prompt = order()
    read, waits = filled.read, iter([0.05, 0.0, 0.02] * 20)

    def slow(key: str, rows: np.ndarray) -> np.ndarray:
        threading.Event().wait(next(waits))
        return read(key, rows)

    monkeypatch.setattr(filled, "read", slow)
    assert order() == prompt


def test_sequential__gives_the_order_on_disk(filled: FeatureStore) -> None:
    rows = np.random.default_rng(0).permutation(ROWS)
    found = RowSet(filled, SPEC.key, rows, windows_of(4))
    values = np.concatenate([values for _, values in found.sequential(100)])
    assert numbers(values) == list(range(ROWS))


class Held:
    """A store's ``read`` that notes the most bytes of its answers that were alive at once."""

    def __init__(self, store: FeatureStore) -> None:
        self.reads, self.most, self._now, self._read = 0, 0, 0, store.read

    def __call__(self, key: str, rows: np.ndarray) -> np.ndarray:
        self.reads += 1
        size = len(rows) * SPEC.row_bytes
        self._now += size
        self.most = max(self.most, self._now)
        values = self._read(key, rows)
        weakref.finalize(values, self._freed, size)
        return values

    def _freed(self, size: int) -> None:
        self._now -= size


@pytest.fixture
def held(filled: FeatureStore, monkeypatch: pytest.MonkeyPatch) -> Held:
    held = Held(filled)
    monkeypatch.setattr(filled, "read", held)
    return held


@pytest.mark.parametrize("batch_size", [7, 100, 700])
@pytest.mark.parametrize("share", [1, 10])
def test_memory__no_more_than_two_windows_are_held(
    filled: FeatureStore, held: Held, batch_size: int, share: int
) -> None:
    rows = np.arange(0, ROWS, share)
    memory_bytes = SCRATCH_BYTES + len(rows) // 2 * SPEC.row_bytes
    found = RowSet(filled, SPEC.key, rows, memory_bytes)
    for batches in (found.sequential(batch_size), found.shuffled(batch_size, _rng())):
        for batch in batches:  # the caller's last batch keeps no window alive
            assert len(batch[0])
    assert memory_bytes - SCRATCH_BYTES >= held.most > (memory_bytes - SCRATCH_BYTES) // 2


def test_memory__what_fits_is_read_once(filled: FeatureStore, held: Held) -> None:
    found = RowSet(filled, SPEC.key, np.arange(500))
    for _ in range(3):
        assert sum(len(p) for p, _ in found.shuffled(64, _rng())) == 500
    assert held.reads == 1


def test_batches__may_be_changed(filled: FeatureStore) -> None:
    found = RowSet(filled, SPEC.key, np.arange(100))
    for _, values in found.sequential(50):
        values[:] = -1
    assert numbers(next(found.sequential(50))[1]) == list(range(50))


def test_chunks__are_each_read_once_an_epoch(
    filled: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks: list[int] = []
    read = filled.read

    def noting(key: str, rows: np.ndarray) -> np.ndarray:
        chunks.extend(set((rows // CHUNK_ROWS).tolist()))
        return read(key, rows)

    monkeypatch.setattr(filled, "read", noting)
    found = RowSet(filled, SPEC.key, np.arange(0, ROWS, 3), windows_of(3))
    for _ in found.shuffled(64, _rng()):
        pass
    assert sorted(chunks) == list(range(47))


def test_thread__reads_the_next_window_while_one_is_in_use(
    filled: FeatureStore, held: Held
) -> None:
    batches = RowSet(filled, SPEC.key, np.arange(ROWS), windows_of(3)).sequential(32)
    next(batches)
    for _ in range(200):
        if held.reads == 2:
            break
        threading.Event().wait(0.01)
    assert held.reads == 2
    assert len(threads()) == 1
    batches.close()  # type: ignore[attr-defined]


def test_thread__stops_with_a_break(filled: FeatureStore) -> None:
    for _ in RowSet(filled, SPEC.key, np.arange(ROWS), windows_of(3)).sequential(32):
        break
    assert not threads()


def test_thread__stops_with_an_exception_in_the_loop(filled: FeatureStore) -> None:
    def loop() -> None:
        for _ in RowSet(filled, SPEC.key, np.arange(ROWS), windows_of(3)).shuffled(32, _rng()):
            raise KeyError

    with pytest.raises(KeyError):
        loop()
    assert not threads()


def test_thread__stops_with_its_generator(filled: FeatureStore) -> None:
    batches = RowSet(filled, SPEC.key, np.arange(ROWS), windows_of(3)).sequential(32)
    assert next(batches)
    assert threads()
    batches.close()  # type: ignore[attr-defined]
    assert not threads()


def test_thread__its_error_reaches_the_caller(
    filled: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = filled.read

    def failing(key: str, rows: np.ndarray) -> np.ndarray:
        if 500 in rows:
            raise StoreError("shard 3 is damaged")
        return read(key, rows)

    monkeypatch.setattr(filled, "read", failing)
    seen = []
    with pytest.raises(StoreError, match="shard 3 is damaged"):
        seen.extend(_positions(RowSet(filled, SPEC.key, np.arange(ROWS), windows_of(3))))
    assert not threads()


def test_thread__what_was_read_before_its_error_is_given(
    filled: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = filled.read

    def failing(key: str, rows: np.ndarray) -> np.ndarray:
        if 96 in rows:
            raise StoreError("shard 3 is damaged")
        return read(key, rows)

    monkeypatch.setattr(filled, "read", failing)
    positions = _positions(RowSet(filled, SPEC.key, np.arange(ROWS), windows_of(3)))
    assert [next(positions) for _ in range(64)] == list(range(64))


def _positions(found: RowSet) -> Iterator[int]:
    for positions, _ in found.sequential(32):
        yield from positions.tolist()


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)
