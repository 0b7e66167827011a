import json
import subprocess
import sys
from pathlib import Path

SIDES = ["store", "numpy memmap", ".npy shards", "h5py"]
POOLED = [
    "write",
    "sequential read, into memory",
    "sequential read, copied",
    "sequential read, as float32",
    "shuffled epoch, copied",
]
ROWS = [
    *(f"pooled, {what}: {side}" for what in POOLED for side in SIDES),
    "pooled, shuffled epoch of the store",
    "maps, write: store",
    "maps, sequential read, copied: store",
    "maps, sequential read, copied: Zarr's default codecs",
    "maps, shuffled epoch, copied: store",
    "maps, shuffled epoch: growth of the process",
]


def test_store_benchmark__a_small_run_gives_every_row(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.store", "--rows", "4000", "--maps", "200"]
    options = ["--repeats", "1", "--folder", str(tmp_path), "--json", str(tmp_path / "out.json")]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [*command, *options], cwd=root, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    written = json.loads((tmp_path / "out.json").read_text())
    assert [row["what"] for row in written["rows"]] == ROWS
    for row in written["rows"]:
        assert f"| {row['what']} |" in done.stdout
        assert row["value"] is not None or row["note"] == "h5py is not installed"
    beside = {row["what"]: row["beside"] for row in written["rows"] if row["ratio"] is not None}
    assert beside["pooled, write: store"].startswith("numpy memmap ")
    assert not any(what.endswith(("memmap", "shards", "h5py")) for what in beside)
    assert {row["aim"] for row in written["rows"]} == {None, 0.4, 0.6, 0.7, 2.0}
    assert written["machine"] in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]  # nothing is left
