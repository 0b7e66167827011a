"""What the cost model and the simulation say of large extractions, as lines of tables."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

from benchmarks.scale_devices import A100
from benchmarks.scale_driver import index_row_bytes
from benchmarks.scale_simulation import Course, Driver, Site, Worker, simulate
from benchmarks.scale_workloads import Workload
from mintcore.models.layers import MAP, POOLED, Layer, view_shape
from store.layout import estimate_bytes

STORE = Path(__file__).with_name("results") / "store.json"
GPUS = (1, 8, 64)
WORKERS = (1, 2, 4, 8, 16, 64, 256, 1024)
START_S = 20.0
"""From the start of a worker to its first piece: a process, PyTorch, a model."""
LIFETIME_S = 1000 * 3600.0
JITTER = 0.03
_HOUR, _TERA = 3600.0, 1e12


@dataclass(frozen=True)
class Assumed:
    """What is not measured here.

    Attributes:
        images_s: Images a second of a GPU; None for what ``A100`` gives.
        storage_bytes_s: What the storage takes a second from all workers together.
    """

    images_s: float | None
    storage_bytes_s: float

    def site(self, workload: Workload, driver: Driver, workers: int, **changed: Any) -> Site:
        """Put a cluster together."""
        rate = self.images_s or A100.images_s(workload.flops)
        worker = Worker(rate, written_bytes_s(workload), START_S)
        site = Site(workers, worker, driver, self.storage_bytes_s, JITTER, LIFETIME_S)
        return replace(site, **changed)


def written_bytes_s(workload: Workload) -> float:
    """Give what one worker writes a second, as the benchmark of the store measured it on two cores."""
    kind = "maps" if workload.arrays[0].view.startswith(MAP) else "pooled"
    rows = json.loads(STORE.read_text(encoding="utf-8"))["rows"]
    return float(next(row["value"] for row in rows if row["what"] == f"{kind}, write: store")) * 1e6


def bytes_by_stage(layers: Sequence[Layer], side: int) -> list[dict[str, Any]]:
    """Count what each stage of a network takes an image: all its blocks pooled, and the map of its last one."""
    lines, blocks = [], 0
    for layer in layers:
        blocks += layer.role in ("block", "stage")
        if layer.role == "stage":
            pooled, kept = view_shape(layer, POOLED, None), view_shape(layer, MAP, side)
            assert pooled is not None and kept is not None  # noqa: S101, PT018 - a stage ends with a map
            line = {"stage": layer.name.partition(".")[0], "blocks": blocks, "shape": layer.shape}
            lines.append(line | {"pooled": 2 * blocks * pooled[0], "map": 2 * prod(kept)})
            blocks = 0
    return lines


def predict(
    workload: Workload, driver: Driver, assumed: Assumed, workers: Sequence[int] = GPUS
) -> Iterator[dict[str, Any]]:
    """Say how long an extraction takes, also where the GPU is as slow or as fast as it can well be."""
    for count in workers:
        site = assumed.site(workload, driver, count)
        course = simulate(workload, site)
        hours = course.seconds / _HOUR
        yield {
            "what": f"{_images(workload)}, {workload.what}",
            "gpus": count,
            "hours": hours,
            "slow": _hours(workload, site, A100.lowest / A100.utilisation),
            "fast": _hours(workload, site, A100.highest / A100.utilisation),
            "gpu_hours": hours * count,
            "efficiency": course.efficiency,
            "limit": course.limit,
        }


def sizes(workload: Workload) -> dict[str, Any]:
    """Say what an extraction takes on disk."""
    stored = workload.images * workload.row_bytes
    return {
        "what": f"{_images(workload)}, {workload.what}",
        "row_bytes": workload.row_bytes,
        "stored_tb": stored / _TERA,
        "reserved_tb": estimate_bytes(workload.arrays, workload.images) / _TERA,
        "index_gb": workload.images * index_row_bytes() / 1e9,
        "piece_rows": workload.piece_rows,
        "pieces": sum(1 for window in workload.windows() for _ in workload.pieces(window)),
    }


def scaling(
    workload: Workload, driver: Driver, assumed: Assumed, workers: Sequence[int] = WORKERS
) -> Iterator[dict[str, Any]]:
    """Say where an extraction stops to gain from more workers."""
    for count in workers:
        course = simulate(workload, assumed.site(workload, driver, count))
        yield {"workers": count} | _line(course)


def storages(
    workload: Workload, driver: Driver, assumed: Assumed, workers: int, bandwidths: Sequence[float]
) -> Iterator[dict[str, Any]]:
    """Say what another storage changes."""
    for bandwidth in bandwidths:
        site = assumed.site(workload, driver, workers, storage_bytes_s=bandwidth)
        yield {"storage_gb_s": bandwidth / 1e9} | _line(simulate(workload, site))


def _line(course: Course) -> dict[str, Any]:
    return {
        "hours": course.seconds / _HOUR,
        "efficiency": course.efficiency,
        "working": course.working,
        "driving": course.driving,
        "storing": course.storing,
        "lost": course.lost,
        "limit": course.limit,
    }


def _hours(workload: Workload, site: Site, factor: float) -> float:
    worker = replace(site.worker, images_s=factor * site.worker.images_s)
    return simulate(workload, replace(site, worker=worker)).seconds / _HOUR


def _images(workload: Workload) -> str:
    return f"{workload.images // 10**6:,} million"
