import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintcore.spreadsheets import csv_bytes


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
