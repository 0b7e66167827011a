from typing import Any

import pytest

from dashboard.charts.databases import database_heat_maps
from dashboard.charts.layers import advantage_by_layer, auc_by_layer
from dashboard.charts.roc import roc, roc_log, roc_rows
from dashboard.charts.scores import score_distributions
from dashboard.charts.training import training_curve, training_rows
from mintcore.palette import AUDITED, AUDITOR, BLIND, EXTERNAL, MEMBER

FIRST = {
    "layer": "block1",
    "auditor_kind": "vanilla",
    "auc": 0.52,
    "auc_ci": [0.48, 0.56],
    "blind_auc": 0.51,
    "blind_auc_ci": [0.47, 0.55],
    "advantage": 0.01,
    "advantage_ci": [-0.03, 0.05],
    "tier": "no evidence",
    "n_members": 200,
    "n_externals": 100,
    "roc": [[0.0, 0.0], [0.005, 0.1], [0.5, 0.6], [1.0, 1.0]],
}
SECOND = FIRST | {"layer": "dense", "auc": 0.74, "auc_ci": [0.70, 0.78], "tier": "strong"}
CELL = FIRST | {"train_external": "same", "test_external": "other", "best_blind": "raw pixels"}


def _marks(chart: Any) -> list[str]:
    return [layer["mark"]["type"] for layer in chart.to_dict()["layer"]]


def _rows(chart: Any) -> list[dict[str, Any]]:
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows]


def _fields(layer: dict[str, Any], channel: str) -> set[str]:
    return {item["field"] for item in layer["encoding"][channel]}


def test_auc_by_layer__interval_and_point_for_auditor_and_blind() -> None:
    chart = auc_by_layer([FIRST, SECOND], ["block1", "block2", "dense"])
    assert _marks(chart) == ["rule", "rule", "point"]
    interval = chart.to_dict()["layer"][1]["encoding"]
    assert (interval["x"]["field"], interval["x2"]["field"]) == ("low", "high")
    assert interval["color"]["scale"]["range"] == [AUDITOR, BLIND]
    rows = [row for row in _rows(chart) if "role" in row]
    assert [(row["layer"], row["role"], row["value"]) for row in rows] == [
        ("block1", "auditor", 0.52),
        ("block1", "best blind baseline", 0.51),
        ("dense", "auditor", 0.74),
        ("dense", "best blind baseline", 0.51),
    ]


def test_auc_by_layer__layers_in_the_models_order() -> None:
    chart = auc_by_layer([SECOND, FIRST], ["block1", "dense"])
    assert chart.to_dict()["layer"][1]["encoding"]["y"]["sort"] == ["block1", "dense"]


def test_auc_by_layer__tooltip_has_n() -> None:
    point = auc_by_layer([FIRST], ["block1"]).to_dict()["layer"][2]
    assert {"n_members", "n_externals", "low", "high"} <= _fields(point, "tooltip")


def test_advantage_by_layer__line_at_zero_lies_inside_the_axis() -> None:
    chart = advantage_by_layer([FIRST | {"advantage_ci": [0.2, 0.3]}], ["block1"])
    assert {"at": 0.0} in _rows(chart)
    low, high = chart.to_dict()["layer"][1]["encoding"]["x"]["scale"]["domain"]
    assert low < 0
    assert high > 0.3


def test_roc__curves_and_diagonal() -> None:
    chart = roc([FIRST, SECOND])
    assert _marks(chart) == ["line", "line"]
    assert chart.to_dict()["layer"][1]["encoding"]["color"]["scale"]["domain"] == [
        "block1, vanilla",
        "dense, vanilla",
    ]


def test_roc_log__axis_ends_at_one_false_positive() -> None:
    scale = roc_log([FIRST]).to_dict()["layer"][1]["encoding"]["x"]["scale"]
    assert scale == {"type": "log", "domain": [1 / 100, 1]}


def test_roc_rows__nothing_below_what_a_logarithmic_axis_shows() -> None:
    assert roc_rows([FIRST], lowest_fpr=0.01)["fpr"].tolist() == [0.5, 1.0]


HISTOGRAM = [
    {"group": group, "n": 4, "low": low, "high": low + 1, "count": 2, "share": 0.5}
    for group in ("held-out externals", "held-out members", "audited set")
    for low in (0.0, 1.0)
]


def test_score_distributions__one_colour_a_meaning() -> None:
    (areas,) = score_distributions(HISTOGRAM).to_dict()["layer"]
    scale = areas["encoding"]["color"]["scale"]
    assert dict(zip(scale["domain"], scale["range"], strict=True)) == {
        "held-out members (n = 4)": MEMBER,
        "held-out externals (n = 4)": EXTERNAL,
        "audited set (n = 4)": AUDITED,
    }


def test_score_distributions__last_bin_is_closed() -> None:
    edges = {row["low"] for row in _rows(score_distributions(HISTOGRAM))}
    assert edges == {0.0, 1.0, 2.0}


def test_score_distributions__images_are_marked() -> None:
    chart = score_distributions(HISTOGRAM, [{"name": "cat.png", "score": 0.7}])
    assert _marks(chart) == ["area", "rule", "point"]


def test_training_rows__label_of_a_jobs_measure_says_which_network() -> None:
    epochs = [{"network": "fresh weights: cnn on block1/map4", "epoch": 1, "train_loss": 0.7}]
    assert training_rows(epochs)["label"].tolist() == ["blind: fresh weights"]


def test_training_curve__auditor_and_blind_in_their_colours() -> None:
    epochs = [
        {
            "network": name,
            "epoch": 1,
            "train_loss": 0.7,
            "validation_loss": 0.7,
            "validation_auc": 0.5,
        }
        for name in ("auditor", "raw pixels")
    ]
    encoding = training_curve(epochs, "validation_auc").to_dict()["encoding"]
    assert encoding["y"]["field"] == "validation_auc"
    assert encoding["color"]["scale"]["range"] == [AUDITOR, BLIND]


def test_database_heat_maps__each_figure_with_text_and_evidence() -> None:
    chart = database_heat_maps([CELL], ["same", "other"]).to_dict()
    assert len(chart["concat"]) == 3
    for heat_map in chart["concat"]:
        marks = [layer["mark"]["type"] for layer in heat_map["layer"]]
        assert marks == ["rect", "text", "text"]
        assert {"tier", "low", "high", "n_members", "n_externals"} <= _fields(
            heat_map["layer"][0], "tooltip"
        )


@pytest.mark.parametrize(("databases", "columns"), [(["a", "b"], 3), (["a", "b", "c"], 1)])
def test_database_heat_maps__many_databases_stand_below_each_other(
    databases: list[str], columns: int
) -> None:
    assert database_heat_maps([CELL], databases).to_dict()["columns"] == columns
