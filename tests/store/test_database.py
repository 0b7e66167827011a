from pathlib import Path

import duckdb
import pytest

from store.database import open_database, reason, silence


def setting(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    return str(connection.execute("SELECT current_setting(?)", [name]).fetchall()[0][0])


def test_open_database__holds_for_every_cursor() -> None:
    with open_database() as database, database.cursor() as cursor:
        assert setting(cursor, "memory_limit") == "1.8 GiB"
        assert setting(cursor, "late_materialization_max_rows") == "100000"
        assert setting(cursor, "python_enable_replacements") == "False"


def test_open_database__two_never_share_where_they_spill() -> None:
    with open_database() as one, open_database() as other:
        folders = {setting(database, "temp_directory") for database in (one, other)}

    assert len(folders) == 2
    assert not any(Path(folder).exists() for folder in folders)


def test_open_database__sorts_more_than_its_memory_and_leaves_nothing(tmp_path: Path) -> None:
    spill = tmp_path / "spilled"
    with open_database(tmp_path / "file.duckdb", spill) as database:
        database.execute("SET memory_limit = '120MB'")
        database.execute("SET threads = 2")  # each of them holds blocks of its own
        database.execute(
            "CREATE TABLE t AS SELECT hash(n) AS h, repeat('x', 50) || n AS text "
            "FROM range(2_500_000) AS r(n) ORDER BY h"
        )
        used = [file.name for file in spill.iterdir()] if spill.exists() else []
        ordered = (
            "SELECT count(*) FILTER (h < before) FROM (SELECT h, lag(h) OVER () AS before FROM t)"
        )
        assert database.execute(ordered).fetchall() == [(0,)]

    assert used
    assert not spill.exists()


def test_open_database__python_variables_are_no_tables() -> None:
    placed = [1]
    with open_database() as database, pytest.raises(duckdb.CatalogException, match="placed"):
        database.execute("FROM placed")
    assert placed == [1]


def test_silence__draws_no_progress_bar() -> None:
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = true")
        silence(connection)
        assert setting(connection, "enable_progress_bar") == "False"


def test_reason__is_one_line() -> None:
    with open_database() as database, pytest.raises(duckdb.Error) as caught:
        database.execute("SELECT\n nothing\n FROM nowhere")

    assert "LINE" in str(caught.value)
    assert reason(caught.value) == "Catalog Error: Table with name nowhere does not exist!"


def test_reason__of_an_error_without_a_message() -> None:
    assert reason(OSError()) == "OSError"
