import pandas as pd

from dashboard.tables import (
    audit_table,
    auditor_figures,
    auditor_table,
    cell_table,
    drift_table,
    group_table,
)

AUDITOR = {
    "id": "a1",
    "model": "net",
    "layer": "dense",
    "auditor_kind": "vanilla",
    "view": "pooled",
    "seed": 0,
    "tier": "strong",
    "made_from": {"members": {"dataset": "in"}, "external": {"dataset": "out"}},
    "auc": 0.74,
    "auc_ci": [0.70, 0.78],
    "blind_auc": 0.51,
    "blind_auc_ci": [0.47, 0.55],
    "best_blind": "raw pixels",
    "advantage": -0.0001,
    "advantage_ci": [-0.02, 0.02],
    "accuracy": 0.6,
    "accuracy_ci": [0.5, 0.7],
    "n_members": 200,
    "n_externals": 100,
}


def test_auditor_table__what_rounds_to_nothing_has_no_minus() -> None:
    row = auditor_table([AUDITOR]).iloc[0]
    assert f"{row['advantage']:+.3f}" == "+0.000"
    assert row["95% interval"] == "-0.020 to +0.020"
    assert (row["members"], row["externals"]) == ("in", "out")


def test_audit_table__audits_side_by_side() -> None:
    audit = AUDITOR | {
        "dataset": "bought",
        "auditor": "a1",
        "verdict": "weak evidence",
        "p_value": 0.004,
        "share": {"value": 0.46, "interval": [0.31, 0.61]},
        "n_audited": 200,
    }
    rows = audit_table([audit, audit | {"dataset": "other", "share": None}])
    assert list(rows["dataset"]) == ["bought", "other"]
    assert list(rows["share of members"]) == ["46% (31% to 61%)", "not measurable"]
    assert list(rows["p"]) == ["0.004", "0.004"]


def test_auditor_figures__both_ends_of_intervals_are_numbers() -> None:
    row = auditor_figures([AUDITOR]).iloc[0]
    assert (row["auc_low"], row["auc_high"]) == (0.70, 0.78)


def test_cell_table__has_n_and_evidence() -> None:
    cell = AUDITOR | {"train_external": "same", "test_external": "other"}
    row = cell_table([cell]).iloc[0]
    assert (row["evidence"], row["held-out members"], row["held-out externals"]) == (
        "strong",
        200,
        100,
    )


def test_drift_table__says_which_networks_are_blind() -> None:
    row = {"from_training": 0.427, "expected": 0.438, "from_held_out": 0.051, "p_value": 0.611}
    table = drift_table([row | {"network": "fresh weights"}, row | {"network": "auditor"}])
    assert table["scored by"].tolist() == ["blind: fresh weights", "auditor"]
    assert table.iloc[0, 1:].tolist() == ["0.43", "0.44", "0.05", "0.61"]


def test_group_table__small_p_values_are_not_rounded_to_nothing() -> None:
    group = {"kind": "label", "group": "7", "n": 37, "n_externals": 53, "mean_score": 0.123456}
    figures = {"auc": 0.6184, "blind_auc": 0.52, "cliffs_delta": 0.2368}
    table = group_table(pd.DataFrame([group | figures | {"p_value": 2e-6, "q_value": 0.00123}]))
    row = table.iloc[0].to_dict()
    assert (row["p"], row["q"]) == ("< 0.0001", "0.0012")
    assert (row["AUC"], row["mean score"], row["images"]) == (0.618, 0.123, 37)
