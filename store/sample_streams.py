"""The readable images of several datasets, each once, however many there are."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from store.database import open_database, reason
from store.errors import StoreError

_LISTED = """
    SELECT {number} AS dataset, file_row_number AS position, sample_id, uri, label, status
    FROM read_parquet($file{number}, file_row_number = true)
"""

_DISTINCT = """
    COPY (
        SELECT sample_id, uri, label FROM (
            FROM ({listed})
            QUALIFY row_number() OVER (PARTITION BY sample_id ORDER BY dataset, position) = 1
        ) WHERE status = 'ok' ORDER BY dataset, position
    ) TO $distinct (FORMAT parquet, COMPRESSION zstd)
"""


@dataclass(frozen=True)
class SampleStream:
    """Images to go through, as often as is needed.

    Attributes:
        file: sample_id, uri and label of each, in order.
        count: How many there are.
    """

    file: Path
    count: int

    def windows(self, rows: int) -> Iterator[pa.Table]:
        """Give sample_id, uri and label of ``rows`` images at a time; the last time what is left."""
        with pq.ParquetFile(self.file) as listed:
            for batch in listed.iter_batches(batch_size=rows):
                yield pa.Table.from_batches([batch])


@contextmanager
def distinct_samples(files: Sequence[Path]) -> Iterator[SampleStream]:
    """List the readable images of some samples tables in the order of files and rows.

    Of several rows with one sample_id only the first counts. Sorting goes to disk where it does not
    fit into the memory of a database; the list is a temporary file, gone when the block ends.

    Raises:
        StoreError: A file is absent or damaged, or the temporary folder is full.
    """
    with tempfile.TemporaryDirectory() as folder:
        distinct = Path(folder) / "distinct.parquet"
        listed = " UNION ALL ".join(_LISTED.format(number=n) for n in range(len(files)))
        values = {f"file{number}": str(file) for number, file in enumerate(files)}
        try:
            with open_database(spill=Path(folder) / "spilled") as connection:
                connection.execute(
                    _DISTINCT.format(listed=listed), values | {"distinct": str(distinct)}
                )
        except duckdb.Error as error:
            names = " or ".join(str(file) for file in files)
            raise StoreError(
                f"{names} cannot be listed ({reason(error)}): register the dataset again, or make "
                "room for temporary files."
            ) from error
        yield SampleStream(distinct, pq.read_metadata(distinct).num_rows)
