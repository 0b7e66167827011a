import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.index_contents import (
    DATASETS,
    SPEC,
    create_synthetic_store,
    dataset_rows,
    sample_ids,
)
from benchmarks.index_questions import questions
from store.query import Query

ROWS = 3000


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any], Path]:
    """What a small run prints, what it writes, and the folder that it worked in."""
    folder = tmp_path_factory.mktemp("benchmark")
    (folder / "work").mkdir()
    command = [sys.executable, "-m", "benchmarks.index", "--rows", str(ROWS)]
    command += ["--folder", str(folder / "work"), "--json", str(folder / "figures.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads((folder / "figures.json").read_text()), folder / "work"


def test_benchmark__prints_every_figure(run: tuple[str, dict[str, Any], Path]) -> None:
    printed, written, _ = run
    rows = [line.split(" | ")[0][2:] for line in printed.splitlines() if line.startswith("| ")]

    assert rows[2:] == [line["what"] for line in written["rows"]]
    assert printed.startswith("3,000 images; ")
    assert written["sizes"] == "3,000 images"


def test_benchmark__asks_every_question(run: tuple[str, dict[str, Any], Path]) -> None:
    figures = {line["what"]: line for line in run[1]["rows"]}

    for question in questions(ROWS, 1024):
        for part, aim in (("first", question.aim_ms), ("again", question.aim_ms)):
            line = figures[f"{question.what}: {part}"]
            assert line["value"] > 0
            assert line["at_most"] == aim
        assert 50 < figures[f"{question.what}: peak memory"]["value"] < 2000
    assert "not sealed: counts by dataset and membership: first" in figures
    assert figures["sealing"]["value"] > 0


def test_benchmark__leaves_nothing(run: tuple[str, dict[str, Any], Path]) -> None:
    assert list(run[2].iterdir()) == []


def test_synthetic_store__answers_like_a_real_one(tmp_path: Path) -> None:
    store = create_synthetic_store(tmp_path, ROWS)
    store.seal()

    assert [group["images"] for group in store.count(["dataset"])] == [600] * len(DATASETS)
    assert store.count(["status"]) == [
        {"status": "ok", "images": 2997},
        {"status": "unreadable", "images": 3},
    ]
    found = store.select(Query(dataset=DATASETS[3]))["sample_id"].to_pylist()
    first_row, stop_row = dataset_rows(ROWS, DATASETS[3])
    rows = store.locate(SPEC.key, found)
    ok = rows >= 0
    assert rows[ok].tolist() == np.arange(first_row, stop_row)[ok].tolist()
    assert (~ok).sum() == 1


def test_sample_ids__are_all_different() -> None:
    ids = sample_ids(0, 1000).to_pylist() + sample_ids(1, 1000).to_pylist()

    assert len(set(ids)) == 2000
    assert {len(sample_id) for sample_id in ids} == {32}
