"""Encoded images in a column of a Parquet file, read a window of rows at a time.

Parquet gives no way to one row but through its row group. So that a row group of any size takes
little memory, it is read forward in windows of about WINDOW_BYTES, and the last windows are
kept for all threads of the process, CACHE_BYTES together. Rows asked for in their order cost one
pass; a row at random costs its row group up to there.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mintcore.datasets.sample import listed_columns
from mintcore.datasets.uris import inside_uri
from mintcore.errors import MintError
from mintcore.images import Pixels, decode_image

WINDOW_BYTES = 16 * 2**20
CACHE_BYTES = 128 * 2**20

_OPEN_FILES = 8
_PAGE_BUFFER_BYTES = 2**20
_NAMES = ("image", "img", "bytes", "image_bytes", "jpg", "jpeg", "png", "webp")


@dataclass(frozen=True)
class _Place:
    """Where a row lies: its row group, the window in it, and the row in the window."""

    group: int
    window: int
    row: int


Key = tuple[Path, int, int, int, int]
"""File, time of its last change in ns, its bytes, row group and window in it."""


class _Windows:
    """The last windows read, of all files; thread-safe."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes, self._bytes, self._lock = most_bytes, 0, Lock()
        self._kept: OrderedDict[Key, pa.Array] = OrderedDict()

    def get(self, key: Key) -> pa.Array | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Key, window: pa.Array) -> None:
        with self._lock:
            replaced = self._kept.pop(key, None)
            self._bytes += window.nbytes - (0 if replaced is None else replaced.nbytes)
            self._kept[key] = window
            while self._bytes > self._most_bytes:
                self._bytes -= self._kept.popitem(last=False)[1].nbytes


_WINDOWS = _Windows(CACHE_BYTES)

Forward = tuple[int, int, Iterator[pa.RecordBatch]]
"""A row group, the number of its next window, and its windows from there on."""

_NOWHERE: Forward = (-1, 0, iter(()))


class _ImageColumn:
    """The images of an open file; thread-safe."""

    def __init__(self, file: Path, mtime_ns: int, size: int) -> None:
        self._version = (file, mtime_ns, size)
        self._table = open_table(file)
        self._column = image_column(self._table.schema_arrow, file)
        self._lock = Lock()
        self._forward = _NOWHERE
        metadata = self._table.metadata
        groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
        self._ends = np.cumsum([group.num_rows for group in groups], dtype=np.int64)
        self._window_rows = [_window_rows(group) for group in groups]

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def image(self, row: int) -> bytes | None:
        place = self._place(row)
        key = (*self._version, place.group, place.window)
        window = _WINDOWS.get(key)
        if window is None:
            with self._lock:
                window = _WINDOWS.get(key)
                if window is None:
                    window = self._read(place)
        value = window[place.row].as_py()
        return value if value is None else bytes(value)

    def _place(self, row: int) -> _Place:
        group = int(np.searchsorted(self._ends, row, side="right"))
        before = int(self._ends[group - 1]) if group else 0
        window, rest = divmod(row - before, self._window_rows[group])
        return _Place(group, window, rest)

    def _read(self, place: _Place) -> pa.Array:
        """Read forward to a window, from where the last reading stopped or from the start."""
        group, following, batches = self._forward
        self._forward = _NOWHERE  # where reading fails, the next one begins anew
        if group != place.group or following > place.window:
            group, following, batches = place.group, 0, self._batches(place.group)
        while True:
            window = _flat(next(batches).column(0))
            _WINDOWS.put((*self._version, group, following), window)
            following += 1
            if following > place.window:
                self._forward = (group, following, batches)
                return window

    def _batches(self, group: int) -> Iterator[pa.RecordBatch]:
        batches: Iterator[pa.RecordBatch] = self._table.iter_batches(
            batch_size=self._window_rows[group],
            row_groups=[group],
            columns=[self._column],
            use_threads=False,
        )
        return batches


def open_table(file: Path, dictionaries: Sequence[str] = ()) -> pq.ParquetFile:
    """Open a Parquet file so that its columns are read page by page.

    Args:
        file: The file.
        dictionaries: Columns of which each text is to be kept once.

    Raises:
        MintError: It is missing or no Parquet file.
    """
    try:
        return pq.ParquetFile(
            file,
            buffer_size=_PAGE_BUFFER_BYTES,
            pre_buffer=False,
            read_dictionary=list(dictionaries),
        )
    except OSError as error:
        reason = error.strerror or "it is not a Parquet file"
        raise MintError(f"{file} cannot be read ({reason}): restore it.") from error
    except (pa.ArrowException, ValueError) as error:  # names of columns that are no UTF-8
        raise MintError(
            f"{file} is not a readable Parquet file ({error}): save it again."
        ) from error


def image_column(schema: pa.Schema, file: Path) -> str:
    """Find the column with the encoded images, by the way datasets are published.

    Returns:
        ``NAME.bytes`` for the structure of bytes and path that Hugging Face datasets use, else
        the name of a column of bytes; ``image`` and other usual names go first.

    Raises:
        MintError: There is none, or several and none of a usual name.
    """
    found = {field.name: f"{field.name}.bytes" for field in schema if _has_bytes(field.type)}
    found |= {field.name: field.name for field in schema if _is_binary(field.type)}
    usual = [found[name] for name in _NAMES if name in found]
    if usual or len(found) == 1:
        return usual[0] if usual else next(iter(found.values()))
    raise MintError(
        f"{file} has {len(found) or 'no'} columns of image bytes (its columns are "
        f"{listed_columns(schema.names)}): name the one with the encoded images 'image'."
    )


def read_row_image(file: Path, row: int) -> Pixels:
    """Read the image of a row.

    Args:
        file: The Parquet file.
        row: Counted over the whole file, from 0.

    Returns:
        (H, W, 3) RGB, uint8.

    Raises:
        MintError: The file is gone or damaged, has no such row, or no readable image there.
    """
    try:
        status = file.stat()
        column = _open_column(file, status.st_mtime_ns, status.st_size)
        if row >= len(column):
            raise MintError(
                f"{file} holds {len(column):,} rows, so there is no row {row}: "
                "restore the file that was registered."
            )
        content = column.image(row)
    except (OSError, ValueError, OverflowError, pa.ArrowException, StopIteration) as error:
        raise MintError(f"Row {row} of {file} cannot be read ({error}): restore it.") from error
    return decode_image(content or b"", name=f"The image of {inside_uri(file, row)}")


_OPENING = Lock()


def _open_column(file: Path, mtime_ns: int, size: int) -> _ImageColumn:
    with _OPENING:  # else every thread would read the metadata of a new file
        return _cached_column(file, mtime_ns, size)


@lru_cache(maxsize=_OPEN_FILES)
def _cached_column(file: Path, mtime_ns: int, size: int) -> _ImageColumn:
    return _ImageColumn(file, mtime_ns, size)


def _window_rows(group: pq.RowGroupMetaData) -> int:
    # Of all columns, of which the images are most: pyarrow 26 ends the whole process where it is asked for one
    # column of a damaged file ("Repetition level histogram size mismatch").
    size: int = group.total_byte_size
    rows: int = group.num_rows
    return max(1, min(rows, rows * WINDOW_BYTES // max(1, size)))


def _flat(column: pa.Array) -> pa.Array:
    return pc.struct_field(column, "bytes") if pa.types.is_struct(column.type) else column


def _has_bytes(kind: pa.DataType) -> bool:
    return pa.types.is_struct(kind) and any(
        field.name == "bytes" and _is_binary(field.type) for field in kind
    )


def _is_binary(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )
