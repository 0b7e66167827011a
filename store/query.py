"""Questions about the images of datasets, and about what the store holds of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import pyarrow as pa

from store.errors import StoreError
from store.index import hold, ids_column
from store.snapshot import Snapshot, asking

Column = Literal["dataset", "membership", "label", "identity", "split", "status"]

_MATCHED = get_args(Column)

_SELECT = """
    SELECT dataset, position, replace(sample_id::VARCHAR, '-', '') AS sample_id, membership, label,
           identity, split, status, reason
    FROM listed WHERE {where}
"""


@dataclass(frozen=True)
class Query:
    """Which images are asked for. What is None does not matter; all else must hold.

    Attributes:
        dataset: Id of the dataset that lists it.
        membership: "member", "external" or "unknown".
        label: Its label.
        identity: Whom or what it shows.
        split: The part of the dataset.
        status: "ok", "absent" (nothing is stored of it), or why it failed.
        array: Key of an array that has its values.
        sample_ids: One of these images.
        sample: So many of the matches, drawn at random.
        seed: Decides which are drawn.
        limit: At most so many are given.
        offset: So many are left out first.
    """

    dataset: str | None = None
    membership: str | None = None
    label: str | None = None
    identity: str | None = None
    split: str | None = None
    status: str | None = None
    array: str | None = None
    sample_ids: tuple[str, ...] | None = None
    sample: int | None = None
    seed: int = 0
    limit: int | None = None
    offset: int = 0

    def __post_init__(self) -> None:
        for field in ("sample", "limit", "offset"):
            value = getattr(self, field)
            if value is not None and value < 0:
                raise StoreError(f"The {field} is {value}: give 0 or more.")
        for column in _MATCHED:
            try:
                (getattr(self, column) or "").encode()
            except UnicodeEncodeError as error:
                raise StoreError(f"The {column} that is asked for is no text: {error}.") from error


def select(snapshot: Snapshot, query: Query) -> pa.Table:
    """Give the images that match, in the order of datasets and positions.

    Returns:
        ``dataset``, ``position`` (in the dataset's table), ``sample_id``, ``membership``,
        ``label``, ``identity``, ``split``, ``status``, ``reason``. An image that two datasets list
        has two rows.
    """
    sql = _SELECT.format(where=_where(query))
    if query.sample is not None:
        sql += f" ORDER BY hash(hash(sample_id, dataset, $seed)) LIMIT {int(query.sample)}"
    sql = f"SELECT * FROM ({sql}) ORDER BY dataset, position"  # noqa: S608
    if query.limit is not None:  # as a number: DuckDB plans a page whose length it knows better
        sql += f" LIMIT {int(query.limit)}"
    sql += f" OFFSET {int(query.offset)}"
    return _ask(snapshot, query, sql, {} if query.sample is None else {"seed": query.seed})


def count(snapshot: Snapshot, query: Query, by: Sequence[Column]) -> list[dict[str, Any]]:
    """Count the images that match, by the values of some columns.

    Returns:
        One dictionary a group: the columns, and ``images``; sorted by the columns.

    Raises:
        StoreError: A column cannot be counted by, or the query draws or pages.
    """
    if strange := set(by) - set(_MATCHED):
        raise StoreError(f"Images are counted by {', '.join(_MATCHED)}, not by {min(strange)}.")
    if query.sample is not None or query.limit is not None or query.offset:
        raise StoreError("A count is of all matches: leave out sample, limit and offset.")
    columns = "".join(f"{column}, " for column in by)
    sql = f"SELECT {columns} count(*) AS images FROM listed WHERE {_where(query)} GROUP BY ALL ORDER BY ALL"  # noqa: S608
    return list(_ask(snapshot, query, sql, {}).to_pylist())


def _where(query: Query) -> str:
    conditions = [f"{column} = ${column}" for column in _given(query)]
    if query.array is not None:
        conditions.append("sample_id IN (FROM held)")
    if query.sample_ids is not None:
        conditions.append("sample_id IN (SELECT sample_id::UUID FROM asked_ids)")
    return " AND ".join(conditions) or "true"


def _given(query: Query) -> dict[str, str]:
    """Give the columns that must match, with what they must be."""
    values = {column: getattr(query, column) for column in _MATCHED}
    return {column: value for column, value in values.items() if value is not None}


def _ask(snapshot: Snapshot, query: Query, sql: str, values: dict[str, Any]) -> pa.Table:
    ids = ids_column(query.sample_ids or ())
    with asking(snapshot) as connection:
        if query.array is not None:
            hold(connection, snapshot, [query.array])
        if query.sample_ids is not None:
            connection.register("asked_ids", pa.table({"sample_id": ids}))
        return connection.sql(sql, params=values | _given(query)).to_arrow_table()
