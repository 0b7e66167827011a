import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.shared_data import SHARED
from benchmarks.training import AUGMENTED, BARE, DECODED, PLAIN, images

ROOT = Path(__file__).parents[2]


def test_training_benchmark__prints_and_writes_its_table(tmp_path: Path) -> None:
    file = tmp_path / "training.json"
    settings = ["--images", "128", "--repeats", "1", "--device", "cpu", "--json", str(file)]
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.training", *settings],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    written = json.loads(file.read_text())
    assert "torch" in written["machine"]
    rows = {row["what"]: row for row in written["rows"]}
    assert {what: row["aim"] for what, row in rows.items()} == {
        BARE: None,
        PLAIN: 0.9,
        AUGMENTED: 0.9,
        DECODED: None,
    }
    assert all(row["value"] > 0 for row in written["rows"])
    assert all(what in ran.stdout for what in rows)
    for what in (PLAIN, AUGMENTED, DECODED):
        ratio = rows[what]["value"] / rows[BARE]["value"]
        assert rows[what]["ratio"] == pytest.approx(ratio)


@pytest.mark.parametrize("data", [SHARED, Path("nowhere")])
def test_images__are_so_many_with_a_label_each(data: Path) -> None:
    pixels, labels = images(data, 300)
    assert (pixels.shape, pixels.dtype) == ((300, 32, 32, 3), np.uint8)
    assert labels.shape == (300,)
    assert len(np.unique(labels)) == 10
