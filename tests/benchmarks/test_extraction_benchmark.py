import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_extraction_benchmark__prints_and_writes_its_table(tmp_path: Path) -> None:
    file = tmp_path / "extraction.json"
    settings = ["--scale", "0.001", "--repeats", "1", "--json", str(file)]
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.extraction", *settings],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    written = json.loads(file.read_text())
    assert "torch" in written["machine"]
    aims = {row["what"]: row["aim"] for row in written["rows"] if row["aim"]}
    assert aims == {
        "ResNet-56, 32 px: extraction from arrays": 0.9,
        "ResNet-56, 32 px: extraction from JPEG": 0.85,
        "ResNet-18, 224 px: extraction from arrays": 0.9,
        "ResNet-18, 224 px: extraction from JPEG": 0.85,
    }
    assert all(row["value"] > 0 for row in written["rows"])
    assert all(row["what"] in ran.stdout for row in written["rows"])
