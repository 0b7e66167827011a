"""A store on object storage beside one on the disk: writing, reading cold and from the cache.

    python -m benchmarks.object_store [--json FILE] [--rows N] [--latency MS] [--folder FOLDER] [--repeats N]

The S3 server is a real one, on loopback in a process of its own, once without and once with latency before every
request. It is written in Python and has the other core, so it is what the figures without latency measure: how much
the store adds is what the ratios of the cached reads say.
"""

import argparse
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.measurement import Measured, best_seconds, machine, table, write_json, written
from benchmarks.object_server import server_process
from store.artefacts import Home
from store.feature_store import FeatureStore, create_store, open_store
from store.layout import ArraySpec

SPEC = ArraySpec("layer", "pooled", (512,))
SCATTERED = 256
LOCAL = "on the disk"
WRITE, COLD, CACHED = "write", "cold read", "cached read"
SCATTERED_COLD = f"{SCATTERED} scattered rows, cold"
AIMS = {CACHED: 0.4}


class Side:
    """A store in a home of its own, on the disk or on object storage.

    Args:
        folder: Where the home folders are.
        name: What people call it.
        environment: The variables with which object storage is found; none for a store on the disk.
        values: (N, 512) float16 what is written.
    """

    def __init__(
        self, folder: Path, name: str, environment: Mapping[str, str], values: np.ndarray
    ) -> None:
        self.name, self._environment, self._values = name, environment, values
        self._home = folder / re.sub(r"\W+", "-", name)
        self._written = 0
        self._ids = [f"{number:032x}" for number in range(len(values))]
        self._rows = np.arange(0)
        self._store: FeatureStore | None = None

    def write(self) -> None:
        """Write a new store, block by block, until all of it is committed."""
        with self._there():
            self._written += 1
            at = f"s3://bucket/{self._home.name}" if self._environment else ""
            store = create_store(
                Home(self._home), f"s{self._written}", expected_rows=len(self._values), at=at
            )
            with store.writer([SPEC], len(self._values)) as writer:
                for start in range(0, len(self._values), store.block_rows):
                    part = slice(start, start + store.block_rows)
                    writer.commit(self._ids[part], {SPEC.key: self._values[part]})
            self._store = open_store(store.folder)
            self._rows = store.locate(SPEC.key, self._ids)

    def read(self, *, cold: bool, rows: np.ndarray | None = None) -> None:
        """Read all rows, or some, into memory; cold means that no chunk is kept on this machine."""
        if cold:
            shutil.rmtree(self._home / "cache", ignore_errors=True)
        if self._store is None:
            raise RuntimeError("write first")
        with self._there():
            found = self._store.read(SPEC.key, self._rows if rows is None else self._rows[rows])
        wanted = self._values if rows is None else self._values[rows]
        if not np.array_equal(found[::97], wanted[::97]):
            raise RuntimeError(f"{self.name} gave other values than were written")

    @contextmanager
    def _there(self) -> Iterator[None]:
        before = dict(os.environ)
        os.environ.update(self._environment)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def measure(folder: Path, rows: int, latency_ms: int, repeats: int) -> list[Measured]:
    """Compare a store on object storage, without and with latency, with one on the disk."""
    rng = np.random.default_rng(0)
    values = rng.standard_normal((rows, *SPEC.shape), np.float32).astype(np.float16)
    scattered = np.sort(rng.choice(rows, SCATTERED, replace=False))
    with server_process(0, latency_ms) as environments:
        names = ["on S3", f"on S3, {latency_ms} ms away"]
        sides = [Side(folder, LOCAL, {}, values)]
        sides += [Side(folder, *each, values) for each in zip(names, environments, strict=True)]
        passes: dict[str, Callable[[Side], None]] = {
            WRITE: Side.write,
            COLD: lambda side: side.read(cold=True),
            CACHED: lambda side: side.read(cold=False),
            SCATTERED_COLD: lambda side: side.read(cold=True, rows=scattered),
        }
        megabytes = dict.fromkeys(passes, values.nbytes / 1e6)
        megabytes[SCATTERED_COLD] = SCATTERED * values[0].nbytes / 1e6
        measured: list[Measured] = []
        for what, action in passes.items():
            seconds = best_seconds({side.name: partial(action, side) for side in sides}, repeats)
            speeds = {name: megabytes[what] / each for name, each in seconds.items()}
            measured += [_row(what, name, speeds) for name in speeds]
    return measured


def _row(what: str, name: str, speeds: Mapping[str, float]) -> Measured:
    row = Measured(f"{what}: {name}", speeds[name])
    if name == LOCAL:
        return row
    beside = f"{LOCAL} {written(speeds[LOCAL], 'MB/s')}"
    ratio = speeds[name] / speeds[LOCAL]
    return Measured(row.what, row.value, row.unit, ratio, AIMS.get(what), beside=beside)


def main() -> None:
    """Measure, print the table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=65_536, help="vectors of 512 float16")
    parser.add_argument("--latency", type=int, default=20, help="ms before every request")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where to work; needs about 1 GB")
    parser.add_argument("--json", type=Path, help="write the table to this file too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        rows = measure(Path(folder), given.rows, given.latency, given.repeats)
    on = machine(["numpy", "zarr", "obstore", "moto"])
    sizes = f"{given.rows:,} vectors, {given.latency} ms"
    print(f"{sizes}\n\n{table(rows)}\n\n{on}")
    if given.json:
        write_json(given.json, on, rows, sizes)


if __name__ == "__main__":
    main()
