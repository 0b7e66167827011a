"""How far extraction scales: a cost model, a simulation of a cluster, and real runs beside it.

    python -m benchmarks.scale [--rate IMAGES/S] [--storage GB/S] [--data FOLDER] [--json FILE]

Bytes, pieces and operations are counted by the product's own code, what the driver does is measured here, and so is
what zstd leaves of maps (of a public face network on real faces). How fast a GPU is, is assumed, unless --rate gives
what ``python -m benchmarks.extraction --device cuda`` measures. The simulation lets the product's scheduler hand
pieces to workers that only take time. At the end, 1, 2 and 4 real workers extract real images, and the simulation says
what that should take. It prints the tables of docs/scale.md.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import scale_tables as tables
from benchmarks.measurement import Measured, machine, write_json
from benchmarks.scale_devices import A100, ARCFACE, Jpegs, measure_jpegs, measure_map_share
from benchmarks.scale_driver import (
    Planning,
    index_row_bytes,
    measure_planning,
    measured_driver,
)
from benchmarks.scale_predictions import (
    Assumed,
    bytes_by_stage,
    predict,
    scaling,
    sizes,
    storages,
    written_bytes_s,
)
from benchmarks.scale_runs import IMAGES, compare, lacking
from benchmarks.scale_simulation import Driver
from benchmarks.scale_workloads import MAP_SIDE, Workload, maps, network, pooled
from benchmarks.shared_data import SHARED

STUDY, BILLION = 22_000_000, 10**9
BANDWIDTHS = (1e9, 3e9, 10e9, 30e9, 100e9)
PACKAGES = ["torch", "numpy", "zarr", "duckdb", "pyarrow", "ray"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run as the command line asks."""
    asked = _parser().parse_args(arguments)
    on = machine(PACKAGES)
    share = measure_map_share(asked.data)
    workloads = _workloads(1.0 if share is None else share)
    planning = measure_planning(asked.index_rows)
    drivers = [measured_driver(workload, planning) for workload in workloads]
    assumed = Assumed(asked.rate, asked.storage * 1e9)
    details = _predictions(workloads, drivers, assumed)
    details["runs"], why = _runs(asked, planning)
    rows = _figures(workloads, drivers, share, assumed, measure_jpegs(asked.jpegs))
    rows += [_beside_prediction(run) for run in details["runs"]]
    print("\n\n".join([tables.figures(rows), *tables.written(details), why, on]))
    if asked.json is not None:
        write_json(asked.json, on, rows, f"{asked.images:,} images of real runs", **details)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", type=Path, help="write the tables there as JSON too")
    parser.add_argument("--rate", type=float, help="images/s of a GPU, as measured")
    parser.add_argument("--storage", type=float, default=10.0, help="GB/s of the storage")
    parser.add_argument("--data", type=Path, default=SHARED, help="folder of real images")
    parser.add_argument("--images", type=int, default=IMAGES, help="images of the real runs")
    parser.add_argument("--repeats", type=int, default=2, help="real runs of each kind")
    parser.add_argument("--jpegs", type=int, default=2048, help="files that are decoded")
    parser.add_argument(
        "--index-rows", type=int, default=2_000_000, help="committed rows when failures are counted"
    )
    return parser


def _workloads(share: float) -> list[Workload]:
    layers = network()
    return [
        make
        for images in (STUDY, BILLION)
        for make in (pooled(layers, images), maps(layers, images, share))
    ]


def _predictions(
    workloads: Sequence[Workload], drivers: Sequence[Driver], assumed: Assumed
) -> dict[str, Any]:
    both = list(zip(workloads, drivers, strict=True))
    (study, its_driver), (of_maps, driver_of_maps), (billion, driver_of_billion), _ = both
    return {
        "stages": bytes_by_stage(network(), MAP_SIDE),
        "disk": [sizes(workload) for workload in workloads],
        "predictions": [line for pair in both for line in predict(*pair, assumed)],
        "scaling": {
            "pooled": list(scaling(study, its_driver, assumed)),
            "maps": list(scaling(of_maps, driver_of_maps, assumed)),
            "billion": list(scaling(billion, driver_of_billion, assumed)),
        },
        "storages": list(storages(of_maps, driver_of_maps, assumed, 64, BANDWIDTHS)),
    }


def _runs(asked: argparse.Namespace, planning: Planning) -> tuple[list[dict[str, Any]], str]:
    """Give the lines of the real runs, and why there are none."""
    why = lacking(asked.data)
    if why is not None:
        return [], f"No real runs: {why}"
    with tempfile.TemporaryDirectory() as place:
        found = compare(
            Path(place) / "home", asked.data, planning, images=asked.images, repeats=asked.repeats
        )
    return [each.to_json() for each in found], f"Real runs: {asked.images:,} images of CIFAR-10."


def _beside_prediction(run: dict[str, Any]) -> Measured:
    """Give a real run beside its prediction; a ratio of 1 is a prediction that came true."""
    return Measured(
        f"{run['workers']} real workers",
        run["measured_s"],
        "s",
        run["predicted_s"] / run["measured_s"],
        beside=f"predicted {run['predicted_s']:.1f} s",
    )


def _figures(
    workloads: Sequence[Workload],
    drivers: Sequence[Driver],
    share: float | None,
    assumed: Assumed,
    jpegs: Jpegs,
) -> list[Measured]:
    """List what goes into the model, and where it comes from."""
    (study, of_maps, *_), (driver, driver_of_maps, *_) = workloads, drivers
    rate = assumed.images_s or A100.images_s(study.flops)
    given = "given with --rate" if assumed.images_s else f"assumed: {A100.name}, see below"
    left = "measured: MobileFaceNet, LFW" if share else "assumed: the real faces are not here"
    return [
        Measured("operations an image", study.flops / 1e9, "GFLOP", note="counted"),
        Measured("utilisation of ArcFace's GPUs", ARCFACE.utilisation, "", note="published"),
        Measured("images of a GPU", rate, "images/s", note=given),
        Measured("JPEG of 112 pixels", jpegs.bytes, "bytes", note="measured: two photographs"),
        Measured("decoding by one core", jpegs.images_s, "images/s", note="measured"),
        Measured("cores that decode for a GPU", rate / jpegs.images_s, "", note="from both"),
        Measured("maps after zstd", share or 1.0, "", note=left),
        Measured("index", index_row_bytes(), "bytes a row", note="measured: 22 million rows"),
        Measured("writing pooled", written_bytes_s(study) / 1e6, "MB/s", note="measured: 2 cores"),
        Measured("writing maps", written_bytes_s(of_maps) / 1e6, "MB/s", note="measured: 2 cores"),
        Measured("planning a window", driver.plan_s, "s", note="measured"),
        Measured(
            "counting failures, a million rows", driver.count_row_s * 1e6, "s", note="measured"
        ),
        Measured("handing out a piece, pooled", driver.hand_s * 1e3, "ms", note="measured"),
        Measured("publishing a block, pooled", driver.publish_s * 1e3, "ms", note="measured"),
        Measured("handing out a piece, maps", driver_of_maps.hand_s * 1e3, "ms", note="measured"),
        Measured("publishing a block, maps", driver_of_maps.publish_s * 1e3, "ms", note="measured"),
        Measured("sealing, a million rows", driver.seal_row_s * 1e6, "s", note="measured"),
        Measured("storage", assumed.storage_bytes_s / 1e9, "GB/s", note="assumed"),
    ]


if __name__ == "__main__":
    main()
