import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.image_audit import BARE, measure
from mintcore.datasets.registration import add_dataset
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import add_model
from mintcore.progress import SilentReporter
from mintcore.sweep import SweepRequest, sweep
from store.artefacts import Home

ROOT = Path(__file__).parents[2]


def test_image_audit_benchmark__without_the_weights_it_says_so(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.image_audit", "--data", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == f"The public weights are not in {tmp_path}: nothing is measured.\n"


def test_measure__each_answer_beside_the_bare_forward_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "MINT_HOME", str(tmp_path)
    )  # which the measurement sets: put back afterwards
    home, rng = Home(tmp_path / "home"), np.random.default_rng(0)
    for name, membership in (("in", "member"), ("out", "external")):
        np.savez(tmp_path / f"{name}.npz", images=rng.integers(0, 256, (150, 28, 28), np.uint8))
        add_dataset(home, name, f"arrays:{tmp_path / f'{name}.npz'}", membership)
    grey = Preprocessing((28, 28), (0.5,), (0.3,))
    add_model(home, "net", "mintcore:object-cnn-small", None, grey, num_classes=10)
    request = SweepRequest("net", "in", "out", layers="output", kinds=("vanilla",), seeds=1)
    (card,) = sweep(home, request, device="cpu", reporter=SilentReporter())
    rows = {row.what.removeprefix("net, vanilla: "): row for row in measure(home, [card["id"]], 2)}
    assert list(rows) == [
        BARE,
        "verdict, queries: 1",
        "votes, layers: 1",
        "nearest of 300 images",
        "copies among 300 images",
        "page",
    ]
    for row in rows.values():
        assert row.value is not None
    bare = rows.pop(BARE)
    assert bare.ratio is None
    for row in rows.values():
        assert row.ratio == pytest.approx((bare.value or 0) / (row.value or 1))
        assert row.beside == f"{BARE} {bare.figure}"
    assert {what: row.at_most for what, row in rows.items() if row.at_most} == {"page": 1000}
