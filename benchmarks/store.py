"""The feature store beside a memory-mapped array, .npy shards, HDF5 and Zarr's own codecs.

    python -m benchmarks.store [--json FILE] [--rows N] [--maps N] [--folder FOLDER] [--repeats N]

Every ratio is of two figures of the same run, taken in turns, each the best of some repeats.
Writing ends when the files are on disk. Reading is from a warm page cache, by stores and files that
are open already: everything into a new array, or in batches (1,024 vectors, 128 maps) that are
turned into float32, as fitting does, or merely copied into one small buffer, which a warm memmap
does at the speed of the processor's cache. In batches the store streams: it is given less memory
than the array takes. It checks every checksum, always.
"""

import argparse
import multiprocessing
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.measurement import (
    Measured,
    best_seconds,
    machine,
    peak_growth_bytes,
    table,
    write_json,
    written,
)
from benchmarks.rivals import HAS_H5PY, Hdf5, Memmap, Side, rivals
from benchmarks.stored_side import Stored
from store.feature_store import open_store
from store.layout import ArraySpec

POOLED = ArraySpec("layer", "pooled", (512,))
MAP = ArraySpec("layer", "map16", (64, 16, 16))
BATCH = 1024
MAP_BATCH = 128
WRITE, EPOCH = "write", "shuffled epoch, copied"
SCAN, SCAN_AS_FLOAT32 = "sequential read, copied", "sequential read, as float32"
WHOLE = "sequential read, into memory"
AIMS = {WRITE: 0.4, WHOLE: 0.6, SCAN_AS_FLOAT32: 0.6}


def copied(batches: Callable[[], Iterable[np.ndarray]]) -> None:
    """Copy every batch into one buffer."""
    buffer: np.ndarray | None = None
    for values in batches():
        buffer = np.empty_like(values) if buffer is None else buffer
        np.copyto(buffer[: len(values)], values)


def as_float32(batches: Callable[[], Iterable[np.ndarray]]) -> None:
    """Turn every batch into float32."""
    for values in batches():
        values.astype(np.float32)


def pooled_block(rows: int) -> np.ndarray:
    """Make (rows, 512) float16 noise."""
    noise = np.random.default_rng(0).standard_normal((rows, *POOLED.shape), np.float32)
    return noise.astype(np.float16)


def map_block(rows: int) -> np.ndarray:
    """Make (rows, 64, 16, 16) float16 as after a ReLU: 69% zeros, for zstd to find."""
    noise = np.random.default_rng(0).standard_normal((rows, *MAP.shape), np.float32)
    values: np.ndarray = np.maximum(noise - 0.5, 0).astype(np.float16)
    return values


def measure_pooled(folder: Path, rows: int, repeats: int) -> list[Measured]:
    """Compare writing, scans and epochs of vectors with what others do."""
    stored = Stored(folder, POOLED, rows)
    sides: list[Side] = [stored, *rivals(folder, (rows, *POOLED.shape))]
    block = pooled_block(min(rows, 65_536))
    rng = np.random.default_rng(0)
    passes: dict[str, Callable[[Side], None]] = {
        WRITE: lambda side: side.write(block),
        WHOLE: lambda side: [side.whole()].clear(),
        SCAN: lambda side: copied(lambda: side.sequential(BATCH)),
        SCAN_AS_FLOAT32: lambda side: as_float32(lambda: side.sequential(BATCH)),
        EPOCH: lambda side: copied(lambda: side.shuffled(BATCH, rng)),
    }
    speeds = {}
    for what, action in passes.items():
        seconds = best_seconds({side.name: partial(action, side) for side in sides}, repeats)
        speeds[what] = {name: stored.megabytes / s for name, s in seconds.items()}
    return list(_pooled_rows(speeds))


def _pooled_rows(speeds: dict[str, dict[str, float]]) -> Iterator[Measured]:
    for what, by_side in speeds.items():
        for name, speed in by_side.items():
            row = Measured(f"pooled, {what}: {name}", speed)
            yield _beside_memmap(row, what, by_side[Memmap.name]) if name == Stored.name else row
        if not HAS_H5PY:
            yield Measured(f"pooled, {what}: {Hdf5.name}", None, note="h5py is not installed")
    epoch, scan = speeds[EPOCH][Stored.name], speeds[SCAN][Stored.name]
    beside, note = f"its own sequential read {written(scan, 'MB/s')}", "both copied"
    what = "pooled, shuffled epoch of the store"
    yield Measured(what, epoch, "MB/s", epoch / scan, 0.7, note, beside)


def _beside_memmap(row: Measured, what: str, memmap: float) -> Measured:
    beside = f"{Memmap.name} {written(memmap, row.unit)}"
    ratio = row.value / memmap if row.value else None
    return replace(row, ratio=ratio, aim=AIMS.get(what), beside=beside)


def measure_maps(folder: Path, rows: int, repeats: int) -> list[Measured]:
    """Compare zstd maps with Zarr's default codecs, and the memory of an epoch with its bound."""
    stored = Stored(folder, MAP, rows)
    block = map_block(min(rows, 2048))
    actions: dict[str, Callable[[], None]] = {
        "scan": lambda: copied(lambda: stored.sequential(MAP_BATCH)),
        "default": lambda: copied(lambda: stored.by_default_codecs(BATCH)),
        "epoch": lambda: copied(lambda: stored.shuffled(MAP_BATCH, np.random.default_rng(0))),
    }
    seconds = best_seconds({WRITE: lambda: stored.write(block)}, 1)
    seconds |= best_seconds(actions, repeats)
    speed = {name: stored.megabytes / s for name, s in seconds.items()}
    return [
        Measured(f"maps, {WRITE}: store", speed[WRITE], note="zstd and crc32c"),
        Measured(
            f"maps, {SCAN}: store",
            speed["scan"],
            ratio=speed["scan"] / speed["default"],
            aim=2.0,
            beside=f"Zarr's default codecs {written(speed['default'], 'MB/s')}",
        ),
        Measured(f"maps, {SCAN}: Zarr's default codecs", speed["default"], note="the same files"),
        Measured(
            f"maps, {EPOCH}: store",
            speed["epoch"],
            ratio=speed["epoch"] / speed["scan"],
            beside=f"its own sequential read {written(speed['scan'], 'MB/s')}",
        ),
        measure_memory(folder, rows),
    ]


def measure_memory(folder: Path, rows: int) -> Measured:
    """Run an epoch in a process of its own, and compare its memory with what it was given."""
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawned) as process:
        growth = process.submit(_epoch_growth, folder, rows).result()
    given = Stored(folder, MAP, rows).memory_bytes
    what, note = "maps, shuffled epoch: growth of the process", "batches and codecs come on top"
    beside = f"the memory it was given {written(given / 2**20, 'MiB')}"
    return Measured(what, growth / 2**20, "MiB", given / max(growth, 1), note=note, beside=beside)


def _epoch_growth(folder: Path, rows: int) -> int:
    stored = Stored(folder, MAP, rows)
    open_store(stored.folder).read(MAP.key, np.arange(1))  # threads and code that any read needs
    row_set = stored.row_set()
    rng = np.random.default_rng(0)
    return peak_growth_bytes(lambda: copied(lambda: (v for _, v in row_set.shuffled(64, rng))))


def main() -> None:
    """Measure, print the table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000, help="vectors of 512 float16")
    parser.add_argument("--maps", type=int, default=20_000, help="maps of 64 x 16 x 16 float16")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to work; needs about 3 GB")
    parser.add_argument("--json", type=Path, help="write the table to this file too")
    given = parser.parse_args()
    rows: list[Measured] = []
    for measure, count in ((measure_pooled, given.rows), (measure_maps, given.maps)):
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            rows += measure(Path(folder), count, given.repeats)
    on = machine(["numpy", "zarr", "zarrs", "h5py"])
    sizes = f"{given.rows:,} vectors, {given.maps:,} maps"
    print(f"{sizes}\n\n{table(rows)}\n\n{on}")
    if given.json:
        write_json(given.json, on, rows, sizes)


if __name__ == "__main__":
    main()
