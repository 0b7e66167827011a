from itertools import pairwise
from typing import Any

import pytest

from dashboard.charts.runs import (
    BLIND_ROLE,
    MOST_RUNS,
    curve_rows,
    interval_rows,
    run_advantages,
    run_aucs,
    run_curves,
)
from mintcore.palette import SERIES

CARD: dict[str, Any] = {
    "auc": 0.7,
    "auc_ci": [0.66, 0.74],
    "blind_auc": 0.5,
    "blind_auc_ci": [0.46, 0.54],
    "advantage": 0.2,
    "advantage_ci": [0.15, 0.25],
    "tier": "strong",
    "n_members": 100,
    "n_externals": 50,
}
RUNS = {"block1, vanilla": CARD, "dense, vanilla": CARD | {"auc": 0.8, "advantage": 0.3}}


def _epochs(
    count: int, auc: float, network: str = "auditor: vanilla on a/b"
) -> list[dict[str, Any]]:
    return [
        {
            "network": network,
            "seed": seed,
            "epoch": epoch,
            "train_loss": 0.5,
            "validation_loss": 0.6,
            "validation_auc": auc + seed / 10,
        }
        for seed in (0, 1)
        for epoch in range(1, count + 1)
    ]


def _rows(chart: Any) -> list[dict[str, Any]]:
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows]


def test_curves__are_the_mean_of_the_seeds_of_the_auditor_alone() -> None:
    epochs = [*_epochs(3, 0.6), *_epochs(3, 0.5, "fresh weights: vanilla on a/b")]
    table = curve_rows({"one": epochs, "two": _epochs(2, 0.8)})
    assert table["run"].tolist() == ["one"] * 3 + ["two"] * 2
    assert table["validation_auc"].tolist() == pytest.approx([0.65] * 3 + [0.85] * 2)


def test_curves__names_at_the_ends_do_not_lie_on_each_other() -> None:
    histories = {f"run {number}": _epochs(4, 0.6 + number / 1000) for number in range(MOST_RUNS)}
    places = sorted(
        row["at"] for row in _rows(run_curves(histories, "validation_auc")) if "at" in row
    )
    gaps = [high - low for low, high in pairwise(places)]
    assert len(places) == MOST_RUNS
    assert max(gaps) - min(gaps) < 1e-6
    assert min(gaps) > 0


def test_curves__a_run_has_the_colour_of_its_place() -> None:
    spec = run_curves({"one": _epochs(2, 0.6), "two": _epochs(2, 0.7)}, "validation_loss").to_dict()
    for layer in spec["layer"]:
        scale = layer["encoding"]["color"]["scale"]
        assert scale == {"domain": ["one", "two"], "range": list(SERIES[:2])}


def test_intervals__every_figure_has_both_ends() -> None:
    table = interval_rows(RUNS)
    assert len(table) == 3 * len(RUNS)
    assert (table["low"] <= table["value"]).all()
    blind = table[table["scored_by"] == BLIND_ROLE]
    assert blind["value"].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("draw", [run_aucs, run_advantages])
def test_intervals__the_line_of_nothing_is_always_in_sight(draw: Any) -> None:
    spec = draw(RUNS).to_dict()
    (low, high) = spec["layer"][1]["encoding"]["x"]["scale"]["domain"]
    at = 0.5 if draw is run_aucs else 0.0
    assert low < at < high
    assert [layer["mark"]["type"] for layer in spec["layer"]] == ["rule", "rule", "point"]
