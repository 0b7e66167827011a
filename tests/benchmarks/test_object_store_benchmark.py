import json
import subprocess
import sys
from pathlib import Path

WHAT = ["write", "cold read", "cached read", "256 scattered rows, cold"]
SIDES = ["on the disk", "on S3", "on S3, 1 ms away"]


def test_object_store_benchmark__a_small_run_gives_every_row(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.object_store", "--rows", "2048", "--latency", "1"]
    options = ["--repeats", "1", "--folder", str(tmp_path), "--json", str(tmp_path / "out.json")]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [*command, *options], cwd=root, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "out.json").read_text())["rows"]
    assert [row["what"] for row in rows] == [f"{what}: {side}" for what in WHAT for side in SIDES]
    assert all(f"| {row['what']} |" in done.stdout for row in rows)
    assert [row["ratio"] is None for row in rows] == [True, False, False] * len(WHAT)
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]  # nothing is left
