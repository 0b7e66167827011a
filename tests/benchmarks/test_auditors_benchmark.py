import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from benchmarks.auditor_exercises import TRUE_AUC, Sizes, SyntheticLayers
from benchmarks.auditors import ALONE, LOOP, OURS, SCIKIT_LEARN, TOGETHER
from benchmarks.coverage import Coverage, simulate, summary
from benchmarks.coverage_experiments import Draw, Experiment, Groups, experiments

ROOT = Path(__file__).parents[2]
TINY = ["--layers", "2", "--train", "300", "--validation", "100", "--test", "200"]


def test_auditors_benchmark__prints_and_writes_its_tables(tmp_path: Path) -> None:
    file = tmp_path / "auditors.json"
    settings = ["--epochs", "1", "--rounds", "1", "--repeats", "1", "--device", "cpu"]
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.auditors", *TINY, *settings, "--json", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    written = json.loads(file.read_text())
    assert "torch" in written["machine"]
    rows = written["rows"]
    assert [(row["what"], row["aim"]) for row in rows[:6]] == [
        (LOOP, None),
        (f"{ALONE} over {LOOP}", None),
        (f"{TOGETHER} over {LOOP}", 3.0),
        (f"{TOGETHER} over {ALONE}", 3.0),
        (SCIKIT_LEARN, None),
        (f"{OURS} over {SCIKIT_LEARN}", 2.0),
    ]
    assert rows[3]["ratio"] == pytest.approx(rows[3]["value"] / rows[1]["value"])
    assert rows[5]["ratio"] == pytest.approx(rows[5]["value"] / rows[4]["value"])
    covered = written["coverage"]
    intervals = {f"interval of {each['interval']}" for each in covered}
    assert [row["what"] for row in rows[6:]] == sorted(intervals)
    assert {row["at_most"] for row in rows[6:]} == {1.5}
    assert {each["setting"] for each in covered} == {each.setting for each in experiments()}
    assert all(
        text in ran.stdout for each in covered for text in (each["interval"], each["setting"])
    )


def test_synthetic_layers__best_score_of_a_layer_has_the_true_auc(tmp_path: Path) -> None:
    layers = SyntheticLayers(tmp_path, [16, 32], Sizes(6000, 1000, 1000))
    values, is_member = layers.values(1).astype(float), layers.is_member
    direction = values[is_member].mean(axis=0) - values[~is_member].mean(axis=0)
    assert roc_auc_score(is_member, values @ direction) == pytest.approx(TRUE_AUC, abs=0.02)
    read = np.concatenate([part for _, part in layers.exercise(1).train.activations.sequential(64)])
    np.testing.assert_array_equal(read, layers.values(1)[:6000])


def test_simulate__counts_how_often_an_interval_holds_the_truth() -> None:
    def draw(rng: np.random.Generator) -> Draw:
        value = rng.normal()
        return {"mean": ((value - 1, value + 1), 0.0), "never measured": (None, 0.0)}

    [found] = simulate(Experiment("one image", draw, {}), 4000)
    assert (found.interval, found.rounds) == ("mean", 4000)
    assert found.covered == pytest.approx(norm.cdf(1) - norm.cdf(-1), abs=4 * found.error)
    assert found.error == pytest.approx(0.0074, abs=0.0003)


def test_coverage__above_nominal_is_off_only_where_nothing_explains_it() -> None:
    wide = Coverage("rate", "", 100, 1.0, 0.01, "")
    assert wide.off == pytest.approx(0.05)
    assert Coverage("rate", "", 100, 1.0, 0.01, "exact").off == 0.0
    assert Coverage("rate", "", 100, 0.92, 0.01, "exact").off == pytest.approx(0.03)


def test_summary__has_the_worst_setting_of_each_interval() -> None:
    found = [
        Coverage("AUC", "many", 2000, 0.95, 0.005, ""),
        Coverage("AUC", "few", 2000, 0.93, 0.004, ""),
        Coverage("rate", "few", 2000, 0.99, 0.004, "exact"),
    ]
    area, rate = summary(found)
    assert (area.what, area.is_reached) == ("interval of AUC", False)
    assert area.value == pytest.approx(1.6)
    assert area.note == "93.0% covered: few; worst of 2 settings"
    assert (rate.value, rate.is_reached) == (0.0, True)


def test_groups__have_the_auc_and_the_rates_that_they_say() -> None:
    groups = Groups(40_000, 0.7, 1.5)
    members, externals = groups.draw(np.random.default_rng(0))
    is_member = np.arange(80_000) < 40_000
    assert roc_auc_score(is_member, [*members, *externals]) == pytest.approx(0.7, abs=0.006)
    shares = (members > 1.2).mean(), (externals > 1.2).mean()
    assert shares == pytest.approx(groups.above(1.2), abs=0.008)
