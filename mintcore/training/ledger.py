"""The ledger of a training: exactly which images a model saw, how often, and as what."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

LEDGER_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("times_seen", pa.int64(), nullable=False),
        pa.field("trained_as", pa.string(), nullable=False),
    ]
)


def write_ledger(
    file: Path,
    sample_ids: pa.Array,
    times_seen: np.ndarray,
    classes: np.ndarray,
    class_names: Sequence[str],
) -> None:
    """Write a ledger.

    Args:
        file: Where to write it.
        sample_ids: N ids.
        times_seen: (N,) int64, how often each went through the network.
        classes: (N,) int64, the class each was trained as, which is not its own where label noise hit.
        class_names: Name of each class.
    """
    trained_as = pa.array(class_names, pa.string()).take(pa.array(classes))
    columns = [sample_ids.cast(pa.string()), pa.array(times_seen), trained_as]
    pq.write_table(pa.table(columns, schema=LEDGER_SCHEMA), file, compression="zstd")
