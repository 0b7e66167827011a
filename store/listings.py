"""Listings: which images a dataset has and what it says of them, kept beside the segments.

A store does not need them to find an image's activations. They answer the questions that name a
dataset, a membership, a label, an identity or a split.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from store.database import open_database, reason
from store.digests import DIGEST, UNSTAMPED, check_stamp, read_fields, stamp
from store.durability import put_in_place
from store.errors import StoreError

LISTING_FORMAT = 1
COLUMNS = ("position", "sample_id", "membership", "label", "identity", "split", "status", "reason")

_DATASET = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}")
_NAME = re.compile(r"dataset-([A-Za-z0-9_][A-Za-z0-9_.-]{0,95})\.parquet")

# Of several rows with one sample_id the first counts, as everywhere. What is no sample id fails
# here, so that it cannot fail later, in every question.
_COPY = """
    COPY (
        SELECT file_row_number AS position, replace(sample_id::UUID::VARCHAR, '-', '') AS sample_id,
               membership, label, identity, split, status, reason
        FROM read_parquet($source, file_row_number = true)
        QUALIFY row_number() OVER (PARTITION BY sample_id ORDER BY file_row_number) = 1
        ORDER BY file_row_number
    ) TO $target (FORMAT parquet, COMPRESSION zstd, KV_METADATA {
        format: $format, dataset: $dataset, version: $version, digest: $digest
    })
"""


@dataclass(frozen=True)
class Listing:
    """One dataset's listing.

    Args:
        name: The file's name in ``index/``.
        dataset: The dataset's id.
        version: What tells this content from another under the same id.
        rows: How many images it lists.
    """

    name: str
    dataset: str
    version: str
    rows: int


def listing_files(folder: Path) -> list[Path]:
    """Find the listings of a store."""
    return sorted(filter(is_listing, (folder / "index").iterdir()))


def is_listing(file: Path) -> bool:
    """Tell by its name whether a file is a listing."""
    return _NAME.fullmatch(file.name) is not None


def require_usable(dataset: str) -> None:
    """Refuse a dataset id that cannot be a file name."""
    if not _DATASET.fullmatch(dataset):
        raise StoreError(
            f"{dataset!r} cannot name a dataset: use letters, digits, '.', '-' or '_'."
        )


def listing_name(dataset: str) -> str:
    """Name the listing of a dataset."""
    return f"dataset-{dataset}.parquet"


def write_listing(folder: Path, dataset: str, version: str, samples: Path) -> None:
    """Write the listing of a dataset; a former one is replaced.

    Args:
        folder: The store, whose lock the caller holds.
        dataset: The dataset's id.
        version: Its version.
        samples: Its samples table, with the columns of ``store.samples.SAMPLES_SCHEMA``.

    Raises:
        StoreError: The samples table cannot be read, or the disk is full.
    """
    file = folder / "index" / listing_name(dataset)
    unfinished = file.with_suffix(".unfinished")
    values = {"format": str(LISTING_FORMAT), "dataset": dataset, "version": version}
    values |= {"source": str(samples), "target": str(unfinished), "digest": UNSTAMPED}
    try:
        with open_database(spill=file.with_suffix(".spilled")) as connection:
            connection.execute(_COPY, values)
        stamp(unfinished)
        put_in_place(unfinished, file)
    except (duckdb.Error, OSError) as error:
        unfinished.unlink(missing_ok=True)
        raise StoreError(
            f"The dataset {dataset} could not be listed in the store {folder} ({reason(error)}): "
            "make room on the disk, or register the dataset again."
        ) from error


def read_listing(file: Path) -> Listing:
    """Read the footer of a listing.

    Raises:
        StoreError: The listing is damaged, or was written by another version of the program.
    """
    try:
        fields, rows = read_fields(file)
        if int(fields["format"]) != LISTING_FORMAT or fields[DIGEST] == UNSTAMPED:
            raise ValueError(f"format {fields['format']}")
        listing = Listing(file.name, fields["dataset"], fields["version"], rows)
        if file.name != listing_name(listing.dataset):
            raise ValueError(f"it lists the dataset {listing.dataset}")
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise damaged_listing(file, error) from error
    return listing


def check_listing(file: Path) -> None:
    """Check every byte of a listing.

    Raises:
        StoreError: The listing is damaged.
    """
    try:
        check_stamp(file)
    except (OSError, pa.ArrowException, ValueError, StoreError) as error:
        raise damaged_listing(file, error) from error


def damaged_listing(file: Path, error: object) -> StoreError:
    """Say that a listing cannot be read, and what to do."""
    return StoreError(
        f"{file} is not a readable listing of a dataset ({error}): `mint store repair` drops it, "
        "and the next extraction writes it again."
    )
