"""Tables as CSV files that a spreadsheet opens without harm."""

import csv

import pandas as pd

_FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_bytes(table: pd.DataFrame) -> bytes:
    """Write a table as CSV in UTF-8, with no text that a spreadsheet would run as a formula.

    A text that begins with one of ``= + - @``, a tab or a line break gets an apostrophe before it (OWASP, "CSV
    injection"), and every text is quoted, so that none can begin a new line. Numbers stay numbers.
    """
    safe = table.rename(columns=_guarded)
    for position, kind in enumerate(safe.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            safe.isetitem(position, safe.iloc[:, position].map(_guarded))
    return str(safe.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC)).encode("utf-8")


def _guarded(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA_BEGINS):
        return f"'{value}"
    return value
