from typing import Any

import numpy as np

from dashboard.charts.agreement import agreement_map, agreement_rows, find_bars, find_rows
from dashboard.charts.method_curves import curve_rows, method_curves, method_curves_log
from dashboard.charts.methods import METHOD, cost, method_figures, method_rows
from mintcore.palette import AUDITOR, BLIND, EXTERNAL

RATE = {"tpr": 0.05, "tpr_ci": [0.03, 0.07]}
LOSS: dict[str, Any] = {
    "method": "loss threshold",
    "auc": 0.55,
    "auc_ci": [0.53, 0.57],
    "low_fpr": [RATE, None],
    "n_members": 300,
    "n_externals": 200,
    "needs": "none",
    "forward_passes": 1,
    "models_trained": 0,
}
MINT = LOSS | {"method": "MINT joint", "auc": 0.66, "auc_ci": [0.64, 0.68]}
RMIA = LOSS | {"method": "RMIA", "auc": 0.6, "forward_passes": 80, "models_trained": 4}
BASELINE = {"blind_auc": 0.51, "blind_auc_ci": [0.49, 0.53]}
FIND = {
    "method": "RMIA",
    "n_members": 300,
    "n_externals": 200,
    **{
        f"{figure}_{side}{end}": value
        for figure in ("share", "alone")
        for side in ("members", "externals")
        for end, value in (("", 0.1), ("_ci", (0.05, 0.15)), ("_count", 20))
    },
}


def test_method_figures__best_auc_first_with_the_baseline_behind() -> None:
    chart = method_figures([LOSS, MINT, RMIA], {"MINT joint"}, BASELINE).to_dict()
    aucs, rates, costs = chart["hconcat"]
    marks = [layer["mark"]["type"] for layer in aucs["layer"]]
    assert marks == ["rect", "rule", "rule", "rule", "point"]
    assert aucs["layer"][0]["mark"]["color"] == BLIND
    points = aucs["layer"][-1]["encoding"]
    assert points["y"]["sort"] == ["MINT joint", "RMIA", "loss threshold"]
    assert points["color"]["scale"]["range"] == [AUDITOR, METHOD]
    assert rates["title"]["text"] == "TPR at 1% FPR"
    assert costs["encoding"]["text"]["field"] == "cost"


def test_method_figures__without_auditors_there_is_no_baseline() -> None:
    chart = method_figures([LOSS], (), None).to_dict()
    marks = [layer["mark"]["type"] for layer in chart["hconcat"][0]["layer"]]
    assert marks == ["rule", "rule", "point"]


def test_method_rows__rates_that_cannot_be_measured_have_none() -> None:
    rows = method_rows([LOSS, MINT], {"MINT joint"})
    assert sorted(set(rows["figure"])) == ["auc", "tpr_1"]
    assert set(rows["role"]) == {"MINT auditor", "method of others"}
    assert rows["n_externals"].tolist() == [200] * 4


def test_cost__passes_and_models() -> None:
    assert [cost(line) for line in (LOSS, RMIA)] == ["1 pass", "80 passes, 4 models"]


CURVES = {
    "MINT joint": [(0.0, 0.0), (0.001, 0.1), (1.0, 1.0)],
    "RMIA": [(0.0, 0.0), (0.5, 0.6), (1.0, 1.0)],
}


def test_method_curves__auditors_are_pink_and_no_two_look_alike() -> None:
    names = ["MINT a", "MINT b", *(f"method {number}" for number in range(8))]
    chart = method_curves(dict.fromkeys(names, CURVES["RMIA"]), {"MINT a", "MINT b"}).to_dict()
    encoding = chart["layer"][1]["encoding"]
    colours, dashes = (encoding[channel]["scale"]["range"] for channel in ("color", "strokeDash"))
    assert colours[:2] == [AUDITOR, AUDITOR]
    assert AUDITOR not in colours[2:]
    looks = {(colour, str(dash)) for colour, dash in zip(colours, dashes, strict=True)}
    assert len(looks) == len(names)


def test_method_curves_log__axis_ends_at_one_false_positive() -> None:
    chart = method_curves_log(CURVES, {"MINT joint"}, 200).to_dict()
    assert chart["layer"][1]["encoding"]["x"]["scale"] == {"type": "log", "domain": [0.005, 1]}
    assert curve_rows(CURVES, 0.005)["fpr"].tolist() == [1.0, 0.5, 1.0]


def test_agreement_map__each_pair_with_its_counts() -> None:
    counts = np.array([[3, 1], [1, 2]])
    table = agreement_rows(("a", "b"), np.eye(2), counts, counts + 1)
    assert len(table) == 4
    assert table.iloc[1].to_dict() == {
        "method": "a",
        "other": "b",
        "value": 0.0,
        "both": 1,
        "either": 2,
    }
    tiles = agreement_map(table, ("a", "b"), "Jaccard").to_dict()["layer"][0]["encoding"]
    assert {item["field"] for item in tiles["tooltip"]} >= {"both", "either", "value"}


def test_find_bars__members_beside_externals_with_intervals_and_n() -> None:
    rows = find_rows([FIND], (), "alone")
    assert rows["role"].tolist() == ["members, by a method", "externals"]
    assert rows["n"].tolist() == [300, 200]
    assert rows[["low", "high"]].to_numpy().tolist() == [[0.05, 0.15]] * 2
    shares, alone = find_bars([FIND], {"RMIA"}, ["RMIA"]).to_dict()["hconcat"]
    assert shares["layer"][0]["encoding"]["color"]["scale"]["range"] == [AUDITOR, METHOD, EXTERNAL]
    assert alone["layer"][0]["encoding"]["x"]["title"] == "share found by no other"
