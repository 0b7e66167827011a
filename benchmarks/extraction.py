"""Extraction into a new store beside the bare forward pass of the same model.

    python -m benchmarks.extraction [--json FILE] [--repeats N] [--scale SHARE] [--device DEVICE]
                                    [--thingsvision PYTHON]

Both sides take turns in one process, and the best of some repeats counts. The bare forward gets the
same images, decoded and resized, in batches that lie in memory: it normalises them and runs the
model. Extraction reads the images of a registered dataset, checks that they are the ones that were
registered, keeps the pooled view of every block, and ends when all of it is on disk.
"""

import argparse
import json
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks.extraction_cases import ARRAYS, CASES, GPU_CASES, JPEGS, Bench, Case
from benchmarks.extraction_inputs import add_arrays, add_fresh_model, add_jpegs, crops
from benchmarks.measurement import (
    Measured,
    best_seconds,
    machine,
    peak_growth_bytes,
    table,
    write_json,
    written,
)
from mintcore.extraction.batches import choose_batch
from mintcore.models.registration import load_model
from store.artefacts import Home

JPEG_SIDE = 256
QUERIES = 4
UNIT = "images/s"
PEER_ARCH = "torchvision:resnet18"
PEER_LAYERS = [f"layer{stage}.{block}" for stage in (1, 2, 3, 4) for block in (0, 1)]


def main() -> None:
    """Run the benchmark as the command line asks."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.extraction",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", type=Path, help="write the table there as JSON too")
    parser.add_argument(
        "--repeats", type=int, default=3, help="each side so often; the best counts"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="take so many times the images")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    parser.add_argument(
        "--thingsvision", type=Path, help="Python of an environment with thingsvision, as a peer"
    )
    asked = parser.parse_args()
    on = machine(["torch", "torchvision", "numpy", "zarr", "pillow"])
    cases = GPU_CASES if asked.device.startswith("cuda") else CASES
    rows = [row for case in cases for row in _case(case, asked)]
    sizes = f"{asked.scale:g} times the usual images, {asked.device}"
    print(f"{sizes}\n\n{table(rows)}\n\n{on}")
    if asked.json is not None:
        write_json(asked.json, on, rows, sizes)


def _case(case: Case, asked: argparse.Namespace) -> list[Measured]:
    arrays, jpegs = (max(int(count * asked.scale), 16) for count in (case.arrays, case.jpegs))
    with tempfile.TemporaryDirectory() as place:
        home = Home(Path(place))
        add_fresh_model(home, "model", case.arch, case.side, case.classes, autocast=case.autocast)
        add_arrays(home, ARRAYS, crops(arrays, case.side))
        files = add_jpegs(home, JPEGS, crops(jpegs, max(JPEG_SIDE, case.side)))
        bench = Bench(home, load_model(home, "model", asked.device), asked.device, asked.repeats)
        rows = _from_memory(bench, arrays) + _from_files(bench, jpegs) + _queries(bench, jpegs)
        if bench.model.head == "classifier":
            rows += _gradients(bench, jpegs)
        if asked.thingsvision and case.arch == PEER_ARCH:
            rows += _peer(bench, jpegs, files, asked.thingsvision)
    return [replace(row, what=f"{case.title}: {row.what}") for row in rows]


def _from_memory(bench: Bench, count: int) -> list[Measured]:
    batches = bench.decoded(ARRAYS)
    seconds = best_seconds(
        {"forward": lambda: bench.forward(batches), "extract": lambda: bench.extract(ARRAYS)},
        bench.repeats,
    )
    grown = peak_growth_bytes(lambda: bench.extract(ARRAYS))
    return [
        Measured("bare forward", count / seconds["forward"], UNIT),
        Measured(
            "extraction from arrays",
            count / seconds["extract"],
            UNIT,
            seconds["forward"] / seconds["extract"],
            0.9,
            f"batches of {choose_batch(bench.model)}",
            _forward(count, seconds),
        ),
        Measured("extraction, growth of memory", grown / 2**20, "MiB"),
    ]


def _from_files(bench: Bench, count: int) -> list[Measured]:
    batches = bench.decoded(JPEGS)
    actions: dict[str, Callable[[], object]] = {
        "decode": lambda: bench.decoded(JPEGS),
        "forward": lambda: bench.forward(batches),
        "extract": lambda: bench.extract(JPEGS),
    }
    seconds = best_seconds(actions, bench.repeats)
    apart = seconds["decode"] + seconds["forward"]
    return [
        Measured("decoding JPEG alone", count / seconds["decode"], UNIT),
        Measured(
            "extraction from JPEG",
            count / seconds["extract"],
            UNIT,
            apart / seconds["extract"],
            0.85,
            beside=f"decoding, then the bare forward {written(count / apart, UNIT)}",
        ),
    ]


def _queries(bench: Bench, count: int) -> list[Measured]:
    batches = bench.decoded(JPEGS)
    seconds = best_seconds(
        {
            "forward": lambda: bench.forward(batches),
            "extract": lambda: bench.extract(JPEGS, queries=QUERIES),
        },
        1,
    )
    return [
        Measured(
            f"extraction of {QUERIES} queries an image",
            count * QUERIES / seconds["extract"],
            "queries/s",
            QUERIES * seconds["forward"] / seconds["extract"],
            note="from JPEG",
            beside=_forward(count, seconds),
        )
    ]


def _gradients(bench: Bench, count: int) -> list[Measured]:
    batches = bench.decoded(JPEGS)
    seconds = best_seconds(
        {
            "forward": lambda: bench.forward(batches),
            "extract": lambda: bench.extract(JPEGS, ["gradient"], layers="output"),
        },
        1,
    )
    return [
        Measured(
            "extraction of gradients at the output",
            count / seconds["extract"],
            UNIT,
            seconds["forward"] / seconds["extract"],
            note="from JPEG",
            beside=_forward(count, seconds),
        )
    ]


def _peer(bench: Bench, count: int, files: Path, python: Path) -> list[Measured]:
    whole = {"views": ["map"], "layers": ",".join(PEER_LAYERS), "map_side": 4096}
    batches = bench.decoded(JPEGS)
    seconds = best_seconds(
        {
            "forward": lambda: bench.forward(batches),
            "maps": lambda: bench.extract(JPEGS, **whole),  # type: ignore[arg-type]
            "maps as float32": lambda: bench.extract(JPEGS, dtype="float32", **whole),  # type: ignore[arg-type]
        },
        2,
    )
    output = bench.home.path / "thingsvision"
    command = [str(python), str(Path(__file__).with_name("thingsvision_side.py"))]
    settings = [str(files), str(output), "resnet18", str(choose_batch(bench.model)), "2"]
    ran = subprocess.run(  # noqa: S603 - the caller names the interpreter
        [*command, *settings, *PEER_LAYERS], check=True, capture_output=True, text=True
    )
    theirs = json.loads(ran.stdout.splitlines()[-1])
    return [
        Measured(
            f"8 blocks, whole maps{kind}",
            count / seconds[f"maps{kind}"],
            UNIT,
            seconds["forward"] / seconds[f"maps{kind}"],
            note="from JPEG",
            beside=_forward(count, seconds),
        )
        for kind in ("", " as float32")
    ] + [
        Measured(
            "thingsvision, 8 blocks, whole maps",
            count / theirs["extract"],
            UNIT,
            theirs["forward"] / theirs["extract"],
            note=f"from JPEG, float32; torch {theirs['torch']}",
            beside=_forward(count, theirs),
        )
    ]


def _forward(count: int, seconds: Mapping[str, float]) -> str:
    return f"bare forward {written(count / seconds['forward'], UNIT)}"


if __name__ == "__main__":
    main()
