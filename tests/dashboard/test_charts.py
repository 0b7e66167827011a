from typing import Any

import pytest

from dashboard.charts.contributions import contribution_bars
from dashboard.charts.groups import BLIND_ROLE, SET_ROLE, auc_by_group, group_rows
from dashboard.charts.scores import score_distributions
from dashboard.charts.training import mean_rows, training_curve, training_rows
from mintcore.palette import AUDITED, AUDITOR, BLIND, EXTERNAL, MEMBER, SERIES


def _marks(chart: Any) -> list[str]:
    return [layer["mark"]["type"] for layer in chart.to_dict()["layer"]]


def _rows(chart: Any) -> list[dict[str, Any]]:
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows]


def _fields(layer: dict[str, Any], channel: str) -> set[str]:
    return {item["field"] for item in layer["encoding"][channel]}


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


def _epoch(network: str, epoch: int, seed: int = 0, value: float = 0.5) -> dict[str, Any]:
    losses = {"train_loss": value, "validation_loss": value, "validation_auc": value}
    return {"network": network, "epoch": epoch, "seed": seed, **losses}


def test_training_rows__label_of_a_jobs_measure_says_which_network() -> None:
    epochs = [{"network": "fresh weights: cnn on block1/map4", "epoch": 1, "train_loss": 0.7}]
    rows = training_rows(epochs)
    assert rows["label"].tolist() == ["blind: fresh weights"]
    assert rows["reads"].tolist() == ["cnn on block1/map4"]


def test_mean_rows__as_far_as_every_seed_was_trained() -> None:
    network = "auditor: vanilla on dense/pooled"
    epochs = [_epoch(network, 1, 0, 0.5), _epoch(network, 1, 1, 0.7), _epoch(network, 2, 1, 0.9)]
    means = mean_rows(training_rows(epochs))
    assert means[["epoch", "validation_auc"]].to_numpy().tolist() == [[1, pytest.approx(0.6)]]


def test_mean_rows__sources_of_a_fused_auditor_are_not_mixed() -> None:
    epochs = [_epoch(f"auditor: vanilla on {key}", 1) for key in ("dense/pooled", "output/pooled")]
    assert len(mean_rows(training_rows(epochs))) == 2


def test_mean_rows__history_of_an_earlier_version_has_one_seed() -> None:
    epochs = [_epoch("auditor", 1), _epoch("auditor", 2)]
    for each in epochs:
        del each["seed"]
    assert mean_rows(training_rows(epochs))["epoch"].tolist() == [1, 2]


def test_training_curve__auditor_blind_and_null_in_their_colours() -> None:
    epochs = [_epoch(name, 1) for name in ("auditor", "raw pixels", "permuted labels")]
    seeds, means = training_curve(epochs, "validation_auc").to_dict()["layer"]
    assert [field["field"] for field in seeds["encoding"]["detail"]] == ["reads", "seed"]
    assert means["encoding"]["detail"]["field"] == "reads"
    for encoding in (seeds["encoding"], means["encoding"]):
        assert encoding["y"]["field"] == "validation_auc"
        assert encoding["color"]["scale"]["range"] == [AUDITOR, BLIND, SERIES[1]]


def test_contribution_bars__in_the_order_given() -> None:
    chart = contribution_bars([("dense/pooled", 0.7), ("block1/pooled", 0.3)], "share")
    assert [row["source"] for row in _rows(chart)] == ["dense/pooled", "block1/pooled"]
    assert chart.to_dict()["encoding"]["y"]["sort"] is None


GROUP = {
    "kind": "label",
    "group": "7",
    "n": 37,
    "n_externals": 53,
    "auc": 0.61,
    "blind_auc": 0.52,
    "p_value": 0.02,
    "q_value": 0.04,
}


def test_auc_by_group__auditor_and_blind_baseline_in_the_order_given() -> None:
    chart = auc_by_group([GROUP, GROUP | {"kind": "identity", "auc": 0.4}])
    assert _marks(chart) == ["rule", "point"]
    rows = [row for row in _rows(chart) if "role" in row]
    assert [(row["name"], row["role"], row["auc"]) for row in rows] == [
        ("label 7", SET_ROLE, 0.61),
        ("label 7", BLIND_ROLE, 0.52),
        ("identity 7", SET_ROLE, 0.4),
        ("identity 7", BLIND_ROLE, 0.52),
    ]
    points = chart.to_dict()["layer"][1]["encoding"]
    assert points["y"]["sort"] == ["label 7", "identity 7"]
    assert points["color"]["scale"]["range"] == [AUDITED, BLIND]


def test_auc_by_group__intervals_are_those_of_the_auditor_and_of_the_baseline() -> None:
    ends = {"auc_low": 0.5, "auc_high": 0.7, "blind_auc_low": 0.4, "blind_auc_high": 0.6}
    chart = auc_by_group([GROUP | ends, GROUP | {"kind": "identity"}])
    assert _marks(chart) == ["rule", "rule", "point"]
    rows = group_rows([GROUP | ends]).to_dict("records")
    assert [(row["low"], row["high"]) for row in rows] == [(0.5, 0.7), (0.4, 0.6)]


def test_auc_by_group__tooltip_has_n_p_and_q() -> None:
    points = auc_by_group([GROUP]).to_dict()["layer"][1]
    assert {"n", "n_externals", "p_value", "q_value"} <= _fields(points, "tooltip")
