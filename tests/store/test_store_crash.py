"""``kill -9`` of a writing or sealing process at random moments, and a reader beside a writer."""

import multiprocessing
import os
import random
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from small_stores import IDS as SMALL_IDS
from small_stores import answers, commit, list_dataset

from store.artefacts import Home
from store.feature_store import FeatureStore, create_store, open_store
from store.layout import ArraySpec
from store.leases import leases
from store.verification import verify

KILLS = int(os.environ.get("MINT_TEST_KILLS", "30"))
IDS = [f"{number:032x}" for number in range(5 * 1024 + 300)]
SPECS = [
    ArraySpec("layer1", "pooled", (1024,), "float32"),  # several chunks a shard
    ArraySpec("layer2", "map", (8, 3, 3)),
]
KEYS = [spec.key for spec in SPECS]

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["pandas", "store.feature_store"])  # pyarrow imports pandas late


def expected(spec: ArraySpec, sample_ids: list[str]) -> np.ndarray:
    numbers = np.array([int(sample_id, 16) for sample_id in sample_ids], np.float32)
    column = (numbers % 2048).reshape(-1, *[1] * len(spec.shape))
    return (column + np.zeros(spec.shape)).astype(spec.dtype)


def extract(folder: Path) -> None:
    """Commit what is missing, block by block, as an extraction does."""
    store = open_store(folder)
    left = store.plan(IDS, KEYS).missing.get(tuple(KEYS), [])
    with store.writer(SPECS, len(left)) as writer:
        for start in range(0, len(left), store.block_rows):
            batch = left[start : start + store.block_rows]
            failures = {batch[5]: ("unreadable", "truncated")}
            writer.commit(batch, {s.key: expected(s, batch) for s in SPECS}, failures)


def extract_process(folder: Path) -> Any:
    """Start ``extract`` in a process, and wait until it really begins."""
    begun = processes.Event()
    child = processes.Process(target=extract_and_tell, args=(folder, begun))
    child.start()
    assert begun.wait(60)
    return child


def extract_and_tell(folder: Path, begun: Any) -> None:
    begun.set()
    extract(folder)


def committed(store: FeatureStore) -> set[str]:
    """Check that every committed row is whole; give the ids of the good ones."""
    rows = store.locate(KEYS[0], IDS)
    found = [sample_id for sample_id, row in zip(IDS, rows, strict=True) if row >= 0]
    for spec in SPECS if found else []:
        values = store.read(spec.key, rows[rows >= 0])
        np.testing.assert_array_equal(values, expected(spec, found))
    return set(found)


def files(folder: Path) -> dict[str, bytes]:
    found = sorted(folder.glob("activations.zarr/*/*/*")) + sorted(folder.glob("index/*"))
    return {str(file.relative_to(folder)): file.read_bytes() for file in found}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], float]:
    """The files of a run that nobody kills, and its duration in seconds."""
    store = create_store(Home(tmp_path_factory.mktemp("home")), "s", expected_rows=0)
    child = extract_process(store.folder)
    begin = time.monotonic()
    child.join()
    assert child.exitcode == 0
    return files(store.folder), time.monotonic() - begin


@pytest.mark.parametrize("seed", range(KILLS))
def test_kill__rerun_continues_and_is_bit_identical(
    seed: int, tmp_path: Path, undisturbed: tuple[dict[str, bytes], float]
) -> None:
    wanted, duration_s = undisturbed
    store = create_store(Home(tmp_path), "s", expected_rows=0)
    child = extract_process(store.folder)
    time.sleep(random.Random(seed).uniform(0, duration_s))
    child.kill()
    child.join()
    before = committed(store)
    index_before = {file.name: file.read_bytes() for file in store.folder.glob("index/*.parquet")}

    extract(store.folder)

    for name, content in index_before.items():
        assert (store.folder / "index" / name).read_bytes() == content
    assert before <= committed(store)
    assert len(committed(store)) == len(IDS) - 6
    assert files(store.folder) == wanted
    assert leases(store.folder) == []


def seal_and_tell(folder: Path, begun: Any) -> None:
    store = open_store(folder)
    begun.set()
    store.seal()


def test_kill__of_a_seal_leaves_the_old_index_or_the_new_one(tmp_path: Path) -> None:
    store = create_store(Home(tmp_path), "s", expected_rows=0)
    reader = open_store(store.folder)
    commit(store, [0], failed=[0])
    store.seal()
    moment_s = 0.02
    for number in range(1, 9):
        commit(store, [number])
        list_dataset(store, "x", range(number), version=str(number))
        before = store.info()["sealed"]
        begun = processes.Event()
        child = processes.Process(target=seal_and_tell, args=(store.folder, begun))
        child.start()
        assert begun.wait(60)
        time.sleep(moment_s)
        child.kill()
        child.join()
        moment_s *= 1.7 if store.info()["sealed"] == before else 0.8  # nears the publication
        rows = {SMALL_IDS[n]: n * 1024 for n in range(1, number + 1)}
        assert answers(reader) == answers(open_store(store.folder))
        assert store.locate("a/pooled", list(rows)).tolist() == list(rows.values())
        assert verify(store).problems == ()

    newest = store.seal()

    assert newest is not None
    assert leases(store.folder) == []
    assert store.info()["unsealed_segments"] == 0
    assert answers(reader) == answers(open_store(store.folder))


def test_kill__leftovers_of_a_larger_attempt_do_not_show(tmp_path: Path) -> None:
    store = create_store(Home(tmp_path), "s", expected_rows=0)
    extract(store.folder)
    last = max(store.folder.glob("index/part-*"))
    last.unlink()  # as if the process had died just before this rename
    spec = SPECS[0]

    store = open_store(store.folder)
    with store.writer([spec], 1) as writer:
        block = writer.commit(["f" * 32], {spec.key: expected(spec, ["0"])})

    assert f"part-{block:06d}.parquet" == last.name
    stored = zarr.open_array(store.folder / "activations.zarr" / spec.key)
    assert np.isnan(stored[block * 1024 + 1 : (block + 1) * 1024]).all()


def test_kill__array_without_metadata_is_made_again(tmp_path: Path) -> None:
    store = create_store(Home(tmp_path), "s", expected_rows=0)
    (store.folder / "activations.zarr/layer1/pooled").mkdir(parents=True)

    extract(store.folder)

    assert len(committed(store)) == len(IDS) - 6


def test_reader__sees_whole_blocks_while_another_process_writes(tmp_path: Path) -> None:
    store = create_store(Home(tmp_path), "s", expected_rows=0)
    child = extract_process(store.folder)
    seen = [0]
    while child.is_alive():
        seen.append(len(committed(store)))
    child.join()

    assert child.exitcode == 0
    assert seen == sorted(seen)
    assert all(count % 1023 == 0 for count in seen[:-1])
    assert len(committed(store)) == len(IDS) - 6


def test_folder__can_be_copied_elsewhere(tmp_path: Path) -> None:
    store = create_store(Home(tmp_path), "s", expected_rows=0)
    extract(store.folder)
    shutil.move(store.folder, tmp_path / "elsewhere")

    assert len(committed(open_store(tmp_path / "elsewhere"))) == len(IDS) - 6
