"""A disk that gets full: by a limit on file sizes, and really, on a small file system in memory."""

import multiprocessing
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from store.artefacts import Home
from store.errors import StoreError
from store.feature_store import FeatureStore, create_store, open_store
from store.layout import ArraySpec
from store.leases import leases
from store.samples import SAMPLES_SCHEMA
from store.sealed import sealed_files
from store.verification import verify

SPEC = ArraySpec("layer1", "pooled", (512,))  # 1 MiB a block
IDS = [np.random.default_rng(number).bytes(16).hex() for number in range(3 * 1024)]
FILLER = "filler"

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["pandas", "store.verification"])


def values(numbers: range) -> dict[str, np.ndarray]:
    content = np.zeros((len(numbers), 512), np.float16)
    content[:, 0] = numbers
    return {SPEC.key: content}


def extract(store: FeatureStore, blocks: int = 3) -> None:
    """Commit what is missing of the first blocks."""
    wanted = IDS[: blocks * 1024]
    left = store.plan(wanted, [SPEC.key]).missing.get((SPEC.key,), [])
    first = len(wanted) - len(left)
    with store.writer([SPEC], 1) as writer:
        for start in range(first, len(wanted), 1024):
            numbers = range(start, start + 1024)
            writer.commit(IDS[start : start + 1024], values(numbers))


def list_all(store: FeatureStore, version: str = "1") -> None:
    rows: dict[str, Any] = dict.fromkeys(SAMPLES_SCHEMA.names, [None] * len(IDS))
    rows |= {"sample_id": IDS, "label": IDS}
    rows |= {name: ["x"] * len(IDS) for name in ("uri", "membership", "status")}
    file = store.folder.parent.parent.parent / "samples.parquet"
    if not file.exists():
        pq.write_table(pa.table(rows, schema=SAMPLES_SCHEMA), file)
    store.list_dataset("faces", version, file)


def check_whole(store: FeatureStore, blocks: int) -> None:
    """Make sure that exactly the first blocks are there, and nothing is wrong with them."""
    rows = open_store(store.folder).locate(SPEC.key, IDS)
    assert rows.tolist() == [*range(blocks * 1024), *[-1] * (3 - blocks) * 1024]
    if blocks:
        np.testing.assert_array_equal(
            open_store(store.folder).read(SPEC.key, rows[rows >= 0]),
            values(range(blocks * 1024))[SPEC.key],
        )
    assert verify(store).problems == ()


def files(store: FeatureStore) -> dict[str, bytes]:
    found = [*store.folder.glob("activations.zarr/*/*/*"), *store.folder.glob("index/*")]
    return {str(file.relative_to(store.folder)): file.read_bytes() for file in found}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    store = create_store(Home(tmp_path_factory.mktemp("home")), "s", expected_rows=0)
    extract(store)
    list_all(store)
    return files(store)


@contextmanager
def largest_file(limit_bytes: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def in_process(work: Any, *given: Any) -> None:
    """Run something in a process of its own, whose limits are nobody else's."""
    child = processes.Process(target=work, args=given)
    child.start()
    child.join()
    assert child.exitcode == 0


def meet_limit_in_commit(folder: Path, limit_bytes: int) -> None:
    store = open_store(folder)
    extract(store, blocks=1)
    with store.writer([SPEC], 1) as writer:
        with (
            largest_file(limit_bytes),
            pytest.raises(StoreError, match=r"could not be written .*: what was committed .* safe"),
        ):
            writer.commit(IDS[1024:2048], values(range(1024, 2048)))
        check_whole(store, blocks=1)
        writer.commit(IDS[1024:2048], values(range(1024, 2048)))  # the same writer goes on
    extract(store)
    list_all(store)


@pytest.mark.parametrize("limit_bytes", [0, 1000, 300_000, 1_040_000])
def test_commit__fails_clearly_and_goes_on_when_there_is_room(
    tmp_path: Path, undisturbed: dict[str, bytes], limit_bytes: int
) -> None:
    store = create_store(Home(tmp_path / "home"), "s", expected_rows=0)

    in_process(meet_limit_in_commit, store.folder, limit_bytes)

    assert files(store) == undisturbed
    assert leases(store.folder) == []
    check_whole(store, blocks=3)


def meet_limit_in_segment(folder: Path) -> None:
    small = ArraySpec("layer2", "pooled", (1,))
    store = open_store(folder)
    extract(store)
    before = files(store)
    with store.writer([small], 1) as writer:
        content = {small.key: np.ones((1024, 1), np.float16)}
        with largest_file(10_000), pytest.raises(StoreError, match="could not be written"):
            writer.commit(IDS[:1024], content)  # the segment has 1,024 ids of 16 random bytes
        assert store.specs() == {SPEC.key: SPEC}
        assert before.items() <= files(store).items()
        writer.commit(IDS[:1024], content)
    assert store.locate(small.key, IDS[:1]).tolist() == [3 * 1024]


def test_commit__fails_clearly_when_only_the_segment_does_not_fit(tmp_path: Path) -> None:
    store = create_store(Home(tmp_path), "s", expected_rows=0)

    in_process(meet_limit_in_segment, store.folder)

    check_whole(store, blocks=3)


def meet_limit_when_opening_a_writer(folder: Path) -> None:
    store = open_store(folder)
    with (
        largest_file(200),  # of a zarr.json
        pytest.raises(StoreError, match=r"layer1/pooled could not be made .* make room"),
        store.writer([SPEC], 1),
    ):
        pass
    with (
        largest_file(0),
        pytest.raises(StoreError, match=r"stores/s cannot be written .* make room"),
        store.writer([SPEC], 1),
    ):
        pass
    extract(store)


def test_writer__fails_clearly_when_not_even_its_lease_fits(tmp_path: Path) -> None:
    store = create_store(Home(tmp_path), "s", expected_rows=0)

    in_process(meet_limit_when_opening_a_writer, store.folder)

    assert leases(store.folder) == []
    check_whole(store, blocks=3)


def meet_limit_in_seal(folder: Path, limit_bytes: int) -> None:
    store = open_store(folder)
    with largest_file(limit_bytes), pytest.raises(StoreError, match=r"(sealed|written) .* room"):
        store.seal()


@pytest.mark.parametrize("limit_bytes", [0, 4096, 50_000, 600_000, 1_100_000])
def test_seal__fails_clearly_and_the_old_index_is_still_current(
    tmp_path: Path, limit_bytes: int
) -> None:
    store = create_store(Home(tmp_path / "home"), "s", expected_rows=0)
    extract(store, blocks=1)
    store.seal()
    extract(store)
    list_all(store)

    in_process(meet_limit_in_seal, store.folder, limit_bytes)

    assert store.info()["sealed"] == "index-1.duckdb"
    assert list(store.folder.glob("leases/*")) == []
    assert list(sealed_files(store.folder)) == [1]
    check_whole(store, blocks=3)
    assert store.seal() == store.folder / "index-2.duckdb"
    check_whole(store, blocks=3)


def meet_limit_in_listing(folder: Path, limit_bytes: int) -> None:
    store = open_store(folder)
    with (
        largest_file(limit_bytes),
        pytest.raises(StoreError, match=r"faces could not be listed .* room on the disk"),
    ):
        list_all(store, version="2")


@pytest.mark.parametrize("limit_bytes", [0, 1000, 50_000])
def test_list_dataset__fails_clearly_and_the_old_listing_stays(
    tmp_path: Path, limit_bytes: int
) -> None:
    store = create_store(Home(tmp_path / "home"), "s", expected_rows=0)
    list_all(store)
    before = files(store)

    in_process(meet_limit_in_listing, store.folder, limit_bytes)

    assert files(store) == before
    assert store.count(["dataset"]) == [{"dataset": "faces", "images": len(IDS)}]
    list_all(store, version="2")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False)
    except OSError as error:
        pytest.skip(f"there is no mount command ({error})")
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here ({mounted.stderr.decode().strip()})")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, but_bytes: int) -> None:
    (folder / FILLER).write_bytes(bytes(shutil.disk_usage(folder).free - but_bytes))


@pytest.mark.parametrize("free_bytes", [0, 16 * 2**10, 2**19, 3 * 2**19])
def test_full_disk__a_run_fails_clearly_and_a_later_one_ends_as_if_undisturbed(
    small_disk: Path, undisturbed: dict[str, bytes], free_bytes: int
) -> None:
    store = create_store(Home(small_disk / "home"), "s", expected_rows=0)
    extract(store, blocks=1)
    fill(small_disk, but_bytes=free_bytes)
    with pytest.raises(StoreError, match=r"No space left|cannot be written|are needed"):
        extract(store)
    check_whole(store, blocks=1 + free_bytes // 2**20)

    (small_disk / FILLER).unlink()
    extract(store)
    list_all(store)

    assert files(store) == undisturbed
    check_whole(store, blocks=3)


@pytest.mark.parametrize("free_bytes", [0, 2**18, 2**20])
def test_full_disk__seal_fails_clearly_and_the_old_index_stays(
    small_disk: Path, free_bytes: int
) -> None:
    store = create_store(Home(small_disk / "home"), "s", expected_rows=0)
    extract(store, blocks=1)
    store.seal()
    extract(store)
    list_all(store)
    fill(small_disk, but_bytes=free_bytes)
    with pytest.raises(StoreError, match=r"(sealed|written) .* room"):
        store.seal()
    assert store.info()["sealed"] == "index-1.duckdb"
    check_whole(store, blocks=3)

    (small_disk / FILLER).unlink()
    assert store.seal() is not None
    check_whole(store, blocks=3)
