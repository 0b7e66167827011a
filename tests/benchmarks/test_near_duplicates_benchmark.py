import json
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.near_duplicate_images import judged
from benchmarks.near_duplicates import by_limits, main, summary
from mintcore.datasets.near_duplicates import Pairs


def test_by_limits__counts_images_within_each_limit() -> None:
    pairs = Pairs(
        first=np.array([0, 0, 3]),
        second=np.array([1, 2, 4]),
        distance=np.array([0, 7, 12], np.uint8),
        similarity=np.array([1.0, 0.96, 0.2], np.float32),
        mirrored=np.zeros(3, bool),
    )
    counts = by_limits(pairs)
    assert counts["0.99 12"] == 2
    assert counts["0.9 6"] == 2
    assert counts["0.9 8"] == 3
    assert counts["0.0 12"] == 5
    assert by_limits(pairs, np.array([3]))["0.0 12"] == 1


def test_judged__the_same_picture_only(tmp_path: Path) -> None:
    file = tmp_path / "d.csv"
    file.write_text("TestID,TrainID,Distance,Judgment\n5,1,0.1,1\n5,2,0.1,0\n3,3,0.1,2\n")
    assert judged(file).tolist() == [5]


def test_main__prints_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data", str(tmp_path), "--images", "30", "--json", str(tmp_path / "out.json")]
    monkeypatch.setattr(sys, "argv", ["near_duplicates", *words])
    main()
    assert "| JPEG, quality 75 | 100.0% |" in capsys.readouterr().out
    found = json.loads((tmp_path / "out.json").read_text())
    assert [each["images"] for each in found["limits"]] == [30]
    assert [row["what"] for row in found["rows"]] == [
        "MNIST 28 px: copies found",
        "MNIST 28 px look-alikes taken for copies",
    ]


def test_summary__at_the_usual_limits() -> None:
    alike = [{"what": "signs, look-alikes", "images": 200, "found": {"0.99 8": 3, "0.9 8": 50}}]
    copied, wrong, speed = summary({"signs": 10}, {"signs": {"a": 1.0, "b": 0.5}}, alike, 2.0)
    assert (copied.value, copied.ratio, copied.beside) == (15.0, 0.75, "made in 2 ways 20")
    assert (wrong.value, wrong.unit, wrong.is_reached) == (1.5, "%", False)
    assert (speed.value, speed.unit, speed.is_judged) == (2.0, "s", False)
