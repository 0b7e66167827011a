import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.tables import auditor_figures, auditor_table, cell_table, csv_bytes

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


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_csv_bytes__formula_becomes_text(text: str) -> None:
    written = csv_bytes(pd.DataFrame({"uri": [text]})).decode()
    assert list(csv.reader(io.StringIO(written, newline="")))[1] == ["'" + text]


def test_csv_bytes__line_break_inside_a_text_begins_no_cell() -> None:
    assert csv_bytes(pd.DataFrame({"uri": ["a\r=1"]})) == b'"uri"\n"a\r=1"\n'


@given(st.text(max_size=20))
def test_csv_bytes__no_cell_begins_a_formula(text: str) -> None:
    table = pd.DataFrame({"name": [f"x{text}", text], text or "column": [1.5, -2.0]})
    written = csv_bytes(table).decode("utf-8", errors="surrogatepass")
    rows = list(csv.reader(io.StringIO(written, newline="")))
    cells = [*rows[0], *(row[0] for row in rows[1:])]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n")]


def test_csv_bytes__numbers_stay_numbers() -> None:
    assert csv_bytes(pd.DataFrame({"score": [-1.5]})) == b'"score"\n-1.5\n'


def test_csv_bytes__missing_text_stays_empty() -> None:
    assert (
        csv_bytes(pd.DataFrame({"n": [1, 2], "label": ["=a", None]}))
        == b'"n","label"\n1,"\'=a"\n2,""\n'
    )


def test_auditor_table__what_rounds_to_nothing_has_no_minus() -> None:
    row = auditor_table([AUDITOR]).iloc[0]
    assert f"{row['advantage']:+.3f}" == "+0.000"
    assert row["95% interval"] == "-0.020 to +0.020"
    assert (row["members"], row["externals"]) == ("in", "out")


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
