"""What the driver of a spread extraction does alone, measured: planning, handing out, publishing, sealing."""

import json
import pickle
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.index_contents import SPEC, create_synthetic_store
from benchmarks.scale_simulation import Driver
from benchmarks.scale_workloads import Workload
from mintcore.extraction.blocks import Piece
from mintcore.extraction.computing import Pace
from mintcore.extraction.images import WINDOW_IMAGES
from store.artefacts import Home
from store.feature_store import create_store, open_store
from store.layout import ArraySpec
from store.segments import OK
from store.writer import StagedBlock

INDEX = Path(__file__).with_name("results") / "index.json"
_URI = "/data/faces/images/%08d.jpg"


@dataclass(frozen=True)
class Planning:
    """What the index takes.

    Attributes:
        plan_s: Planning a window of new images in an empty store.
        count_row_s: Counting what failed, for each row of a sealed store.
    """

    plan_s: float
    count_row_s: float


def measure_planning(rows: int, window: int = WINDOW_IMAGES) -> Planning:
    """Plan a window of new images in an empty store, and count the failures of all images of a sealed one."""
    wanted = _ids(0, window)
    with tempfile.TemporaryDirectory() as place:
        empty = create_store(Home(Path(place)), "empty", expected_rows=rows)
        planner = empty.planner()
        planning = _least(lambda: planner.plan(wanted, [SPEC.key]))
        full = create_synthetic_store(Path(place), rows)
        full.seal()
        listed = sorted((full.folder / "index").glob("dataset-*.parquet"))
        assert full.count_failed(listed, [SPEC.key]) >= 0  # noqa: S101 - it has read the segments before
        counting = _least(lambda: full.count_failed(listed, [SPEC.key]))
    return Planning(planning, counting / rows)


def measure_handing(workload: Workload) -> float:
    """Send a piece to a worker and take back its block, as bytes."""
    ids = _ids(0, workload.piece_rows)
    uris = {name: _URI % number for number, name in enumerate(ids)}
    piece = Piece("lease", workload.arrays, uris, {}, Pace(256, 8))
    sizes = {spec.key: (2**26,) for spec in workload.arrays}
    block = StagedBlock(Path("lease", "staged"), sizes, dict.fromkeys(ids, (OK, None)))
    returned = pickle.dumps(block)
    return _least(lambda: (pickle.dumps(piece), pickle.loads(returned)))  # noqa: S301 - our own


def measure_publishing(workload: Workload) -> float:
    """Publish blocks of a workload, whose arrays keep one value each: shards only change their names by then."""
    arrays = [ArraySpec(spec.layer, spec.view, (1,)) for spec in workload.arrays]
    rows, seconds = workload.piece_rows, []
    values = {spec.key: np.zeros((rows, 1), spec.values_dtype) for spec in arrays}
    with tempfile.TemporaryDirectory() as place:
        store = create_store(Home(Path(place)), "store", expected_rows=workload.images)
        with store.writer(arrays, rows=3 * rows) as writer:
            for number in range(3):
                with writer.block() as block:
                    block.append(_ids(number + 1, rows), values)
                    staged = block.finish()
                seconds.append(_least(lambda: writer.publish(staged), repeats=1))  # noqa: B023 - called at once
        assert len(open_store(store.folder).blocks()) == 3  # noqa: S101
    return min(seconds)


def sealing_row_s() -> float:
    """Give what sealing took a row in the last run of the benchmark of the index."""
    content = json.loads(INDEX.read_text(encoding="utf-8"))
    rows = int(content["sizes"].split()[0].replace(",", ""))
    return float(next(row["value"] for row in content["rows"] if row["what"] == "sealing")) / rows


def index_row_bytes() -> float:
    """Give what a row takes in the sealed index, the segments and the listings together, as measured there."""
    content = json.loads(INDEX.read_text(encoding="utf-8"))
    return sum(row["value"] for row in content["rows"] if row["unit"] == "B/row")


def measured_driver(workload: Workload, planning: Planning) -> Driver:
    """Measure what hangs on the workload, and put it together with the rest."""
    return Driver(
        plan_s=planning.plan_s,
        count_row_s=planning.count_row_s,
        hand_s=measure_handing(workload),
        publish_s=measure_publishing(workload),
        seal_row_s=sealing_row_s(),
    )


def _ids(seed: int, count: int) -> list[str]:
    """Make up sample ids: 128 random bits each, as 32 hex digits."""
    digits = np.random.default_rng([7, seed]).bytes(16 * count).hex()
    return [digits[start : start + 32] for start in range(0, len(digits), 32)]


def _least(action: Callable[[], object], repeats: int = 3) -> float:
    seconds = []
    for _ in range(repeats):
        begun = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - begun)
    return min(seconds)
