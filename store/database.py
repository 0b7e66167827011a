"""DuckDB as this room uses it: silent, and with bounded memory."""

import tempfile
import uuid
from pathlib import Path

import duckdb

MEMORY_LIMIT = "2GB"
"""What one DuckDB may take; what needs more, such as a sort, goes to disk meanwhile."""

PAGE_ROWS = 100_000
"""A page or a sample up to so many rows is found first, and only then are its columns read."""


def open_database(file: Path | None = None, spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file for writing, or an empty database in memory.

    Args:
        file: The file; None for a database in memory.
        spill: Folder for what does not fit into memory; DuckDB makes it when it needs it, and then
            removes it. No other database may have the same. None for one among the temporary files.
    """
    connection = duckdb.connect(str(file) if file else ":memory:")
    spill = spill or Path(tempfile.gettempdir()) / f"mint-store-{uuid.uuid4().hex}"
    silence(connection)
    connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    connection.execute("SET GLOBAL python_enable_replacements = false")  # no table is a variable
    connection.execute(f"SET GLOBAL late_materialization_max_rows = {PAGE_ROWS}")
    connection.execute("SET temp_directory = $folder", {"folder": str(spill)})
    return connection


def reason(error: BaseException) -> str:
    """Give what an error says, without the lines of SQL that DuckDB adds."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def silence(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep a connection from drawing progress bars among the output of whoever asks."""
    connection.execute("SET enable_progress_bar = false")
