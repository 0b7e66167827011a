"""Charts over the depth of a model: scores, ROC curves, activation statistics."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.charts.activation_statistics import statistics_by_depth
from dashboard.charts.depth import ROOM_PX, end_of, layer_axis, runs
from dashboard.charts.layer_figures import (
    FIGURES,
    figure_rows,
    figures_of,
    layer_texts,
    of_auditor,
    of_blind,
)
from dashboard.charts.layers import scores_by_depth
from dashboard.charts.roc import roc_rows, rocs_by_layer
from mintcore.palette import AUDITED, AUDITOR, BLIND, EXTERNAL, MEMBER, REFERENCE_LINE, SERIES

ROC = [[0.0, 0.0], [0.005, 0.1], [0.5, 0.6], [1.0, 1.0]]
FIRST: dict[str, Any] = {
    "id": "first",
    "layer": "block1",
    "auditor_kind": "vanilla",
    "view": "pooled",
    "auc": 0.52,
    "auc_ci": [0.48, 0.56],
    "accuracy": 0.7,
    "accuracy_ci": [0.65, 0.75],
    "best_blind": "raw pixels",
    "blind": [{"name": "raw pixels", "roc": [[0.0, 0.0], [0.009, 0.03], [0.02, 0.2], [1.0, 1.0]]}],
    "blind_auc": 0.51,
    "blind_auc_ci": [0.47, 0.55],
    "advantage": 0.01,
    "advantage_ci": [-0.03, 0.05],
    "tier": "no evidence",
    "n_members": 200,
    "n_externals": 100,
    "roc": ROC,
}
RATE = {"asked_fpr": 0.01, "tpr": 0.12, "tpr_ci": [0.05, 0.2]}
SECOND = FIRST | {"id": "second", "layer": "dense", "auc": 0.74, "auc_ci": [0.70, 0.78]}
WITH_RATE = FIRST | {"low_fpr": [RATE, None]}
JOINT = FIRST | {"id": "joint", "layer": "joint", "auditor_kind": "joint", "view": None, "auc": 0.8}
LAYERS = ["block1", "block2", "dense"]


def _layers(chart: dict[str, Any]) -> list[dict[str, Any]]:
    return [layer for panel in chart["vconcat"] for layer in panel.get("layer", ())]


def _rows(chart: dict[str, Any], layer: dict[str, Any]) -> list[dict[str, Any]]:
    return list(chart["datasets"][layer["data"]["name"]])


def _of_mark(chart: dict[str, Any], panel: int, mark: str) -> dict[str, Any]:
    layers = chart["vconcat"][panel]["layer"]
    return next(layer for layer in layers if layer["mark"]["type"] == mark)


@given(st.lists(st.integers(0, 30), min_size=1, unique=True))
def test_runs__neighbours_share_one_and_only_they_do(places: list[int]) -> None:
    layers = [f"layer{place}" for place in range(31)]
    found = runs(layers, [layers[place] for place in places])
    for one in places:
        neighbours = [other for other in places if abs(one - other) == 1]
        assert found[layers[one]][1] == (not neighbours)
        for other in places:
            between = set(range(min(one, other), max(one, other) + 1)) <= set(places)
            assert (found[layers[one]][0] == found[layers[other]][0]) == between


@pytest.mark.parametrize(("layers", "named"), [(5, 5), (30, 30), (60, 30), (150, 50)])
def test_layer_axis__names_as_many_layers_as_there_is_room_for(layers: int, named: int) -> None:
    axis = layer_axis([f"block{number}" for number in range(layers)]).to_dict()
    assert len(axis["scale"]["domain"]) == layers
    assert len(axis["axis"]["values"]) == named


def test_end_of__the_end_of_a_long_name() -> None:
    assert end_of("layer3.8") == "layer3.8"
    assert end_of("features.denseblock4.denselayer12") == "…block4.denselayer12"


def test_layer_axis__reaches_as_far_as_its_chart() -> None:
    low, high = layer_axis(LAYERS).to_dict()["scale"]["range"]
    assert (low, high) == (ROOM_PX, {"expr": f"width - {ROOM_PX}"})
    assert layer_axis(LAYERS, width_px=500).to_dict()["scale"]["range"] == [low, 500 - ROOM_PX]


def test_layer_axis__short_names_lie_flat_and_long_ones_stand() -> None:
    long = [f"features.denseblock{number}.conv" for number in range(20)]
    assert layer_axis(LAYERS).to_dict()["axis"]["labelAngle"] == 0
    assert layer_axis(long).to_dict()["axis"]["labelAngle"] == -90


def test_figures_of__only_what_a_card_has() -> None:
    assert figures_of([FIRST]) == ["auc", "accuracy"]
    assert figures_of([WITH_RATE]) == ["auc", "accuracy", "tpr_1"]


def test_of_blind__rate_is_read_off_its_curve_and_accuracy_is_not_kept() -> None:
    assert of_auditor(WITH_RATE, "tpr_1") == (0.12, 0.05, 0.2)
    assert of_blind(WITH_RATE, "tpr_1") == (0.03, None, None)
    assert of_blind(WITH_RATE, "accuracy") is None


def test_figures__chance_of_accuracy_is_the_larger_group() -> None:
    assert FIGURES["accuracy"].chance(FIRST) == pytest.approx(2 / 3)
    assert FIGURES["tpr_1"].chance(FIRST) == 0.01


def test_figure_rows__auditor_and_blind_and_where_a_line_may_go() -> None:
    rows = figure_rows({"vanilla of pooled": [FIRST, SECOND]}, LAYERS, "auc")
    assert rows[["layer", "role", "value"]].to_numpy().tolist() == [
        ["block1", "auditor", 0.52],
        ["block1", "best blind baseline", 0.51],
        ["dense", "auditor", 0.74],
        ["dense", "best blind baseline", 0.51],
    ]
    assert rows["alone"].all()
    assert rows["run"].nunique() == 2


def test_layer_texts__a_column_a_figure_or_of_several_series_a_column_each() -> None:
    table, titles = layer_texts({"vanilla of pooled": [FIRST]}, LAYERS, "auc")
    assert table.loc[0, "auditor"] == "0.520 (0.480 to 0.560)"
    assert table.loc[0, "n"] == "200 members, 100 externals"
    assert table.loc[1, "auditor"] == "not trained"
    assert ("auditor", "AUC") in titles
    both = {"vanilla of pooled": [FIRST], "cnn of map4": [SECOND]}
    table, titles = layer_texts(both, LAYERS, "auc")
    assert titles == [
        ("layer", "layer"),
        ("series0", "vanilla of pooled"),
        ("series1", "cnn of map4"),
    ]
    assert table["series1"].tolist()[:2] == ["not trained", "not trained"]


def test_scores_by_depth__colours_order_and_one_pointer_for_both() -> None:
    chart = scores_by_depth({"vanilla of pooled": [FIRST, SECOND]}, [], LAYERS, "auc").to_dict()
    points = _of_mark(chart, 0, "point")["encoding"]
    assert points["color"]["scale"]["range"] == [AUDITOR, BLIND]
    assert points["x"]["sort"] == LAYERS
    assert "shape" not in points
    names = {layer.get("name") for layer in _layers(chart)}
    (pointed,) = chart["params"]
    assert len(pointed["views"]) == 2
    assert set(pointed["views"]) <= names


def test_scores_by_depth__several_series_differ_in_shape() -> None:
    series = {"vanilla of pooled": [FIRST], "cnn of map4": [SECOND]}
    points = _of_mark(scores_by_depth(series, [], LAYERS, "auc").to_dict(), 0, "point")
    assert points["encoding"]["shape"]["scale"]["domain"] == list(series)


def test_scores_by_depth__an_auditor_of_several_layers_is_a_line_with_its_name() -> None:
    chart = scores_by_depth({"vanilla of pooled": [FIRST]}, [JOINT], LAYERS, "auc").to_dict()
    (text,) = _rows(chart, _of_mark(chart, 0, "text"))
    assert text["text"] == "joint, oint: 0.800"
    low, high = _of_mark(chart, 0, "point")["encoding"]["y"]["scale"]["domain"]
    assert low < 0.47
    assert high > 0.8


def test_scores_by_depth__no_height_in_steps() -> None:
    chart = scores_by_depth({"vanilla of pooled": [FIRST]}, [], LAYERS, "auc").to_dict()
    assert [panel["height"] for panel in chart["vconcat"]] == [250, 140]


def test_rocs_by_layer__chosen_in_colour_others_grey() -> None:
    chart = rocs_by_layer({"one": FIRST}, {"two": SECOND}, LAYERS).to_dict()
    scale = _of_mark(chart, 0, "point")["encoding"]["color"]["scale"]
    assert scale["domain"] == ["one (n = 200 + 100)", "two (n = 200 + 100)"]
    assert scale["range"] == [SERIES[0], REFERENCE_LINE]


def test_rocs_by_layer__one_selection_of_layers_curves_and_rates_for_all() -> None:
    chart = rocs_by_layer({"one": FIRST}, {"two": SECOND}, LAYERS).to_dict()
    assert {param["name"] for param in chart["params"]} == {"named", "picked", "brushed", "zoomed"}
    linear, logarithmic = chart["vconcat"][1]["hconcat"]
    assert linear["layer"][1]["encoding"]["x"]["scale"]["domain"]["param"] == "zoomed"
    for panel in (linear, logarithmic):
        tests = str(panel["layer"][2]["encoding"]["opacity"])
        assert all(name in tests for name in ("named", "picked", "brushed"))


def test_rocs_by_layer__logarithmic_axis_ends_at_one_false_positive() -> None:
    chart = rocs_by_layer({"one": FIRST}, {}, LAYERS).to_dict()
    x = chart["vconcat"][1]["hconcat"][1]["layer"][2]["encoding"]["x"]
    assert x["scale"] == {"type": "log", "domain": [1 / 100, 1]}
    assert x["axis"]["values"] == [0.01, 0.1, 1.0]


def test_roc_rows__nothing_below_what_a_logarithmic_axis_shows() -> None:
    assert roc_rows({"one": FIRST}, lowest_fpr=0.01)["fpr"].tolist() == [0.5, 1.0]


STATISTIC = {
    "network": "auditor",
    "layer": "block1",
    "statistic": "norm",
    "members": 3.0,
    "members_low": 2.9,
    "members_high": 3.1,
    "externals": 2.0,
    "externals_low": 1.9,
    "externals_high": 2.1,
    "delta": 0.2,
    "delta_low": 0.1,
    "delta_high": 0.3,
    "n_members": 20,
    "n_externals": 30,
}
CHANNELS = {"network": "auditor", "layer": "block1", "tested": 16, "differing": 4}
BLIND_NETWORK = {"network": "fresh weights"}


def _statistics(*rows: dict[str, Any]) -> dict[str, Any]:
    channels = [CHANNELS, CHANNELS | BLIND_NETWORK]
    drawn = statistics_by_depth(pd.DataFrame(rows), pd.DataFrame(channels), LAYERS, "norm")
    chart: dict[str, Any] = drawn.to_dict()
    return chart


def test_statistics_by_depth__audited_model_and_blind_then_members_and_externals() -> None:
    chart = _statistics(STATISTIC, STATISTIC | BLIND_NETWORK | {"delta": 0.0})
    effects, levels, shares = (_of_mark(chart, panel, "point") for panel in range(3))
    assert effects["encoding"]["color"]["scale"]["range"] == [AUDITED, BLIND]
    assert levels["encoding"]["color"]["scale"]["range"] == [MEMBER, EXTERNAL]
    assert [row["value"] for row in _rows(chart, effects)] == [0.2, 0.0]
    assert [row["value"] for row in _rows(chart, levels)] == [3.0, 2.0]
    assert [row["value"] for row in _rows(chart, shares)] == [0.25, 0.25]


def test_statistics_by_depth__pointer_tells_effect_n_and_channels() -> None:
    chart = _statistics(STATISTIC, STATISTIC | BLIND_NETWORK)
    (row,) = _rows(chart, chart["vconcat"][0]["layer"][-1])
    assert row["effect_audited"] == "+0.200 (+0.100 to +0.300)"
    assert row["members_blind"] == "3, n = 20"
    assert row["channels_audited"] == "4 of 16"


def test_statistics_by_depth__a_layer_that_the_blind_model_lacks_is_said_to_be_missing() -> None:
    chart = _statistics(STATISTIC, STATISTIC | {"layer": "dense"}, STATISTIC | BLIND_NETWORK)
    rows = _rows(chart, chart["vconcat"][0]["layer"][-1])
    assert [row["effect_blind"] for row in rows] == ["+0.200 (+0.100 to +0.300)", "not stored"]
