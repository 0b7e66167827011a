"""Shards as they lie on disk: chunks, each with its crc32c, and the table that says where they are.

This is Zarr's own format (the sharding codec with its index at the end), so that every Zarr library
reads it. It is written and read here and not through a codec pipeline: zarrs 0.2.3 leaves the
checksums out whenever less than a whole shard is asked for, so that a flipped bit came back as a
value; its threads put the chunks of a shard in any order; and its zstd gives other bytes than the
one in numcodecs. Here the same rows give the same bytes everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
from numcodecs import zstd
from zarr.codecs import ShardingCodec, ZstdCodec

from store.activations import Array, shard_rows
from store.shard_sources import DamagedShardError, ShardSource

ZSTD_LEVEL = 1
THREADS = 4

_ENTRY_BYTES = 16  # offset and length, little-endian uint64
_CRC_BYTES = 4
_NOTHING = 2**64 - 1  # where a chunk would be that has no rows


@dataclass(frozen=True)
class ChunkFormat:
    """How the chunks of an array are encoded.

    Attributes:
        shape: (rows, *shape) of a chunk.
        dtype: The type on disk.
        chunks_a_shard: Chunks a shard.
        compressed: Whether chunks go through zstd.
        fill_value: What rows hold that were not written.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunks_a_shard: int
    compressed: bool
    fill_value: Any

    @property
    def rows(self) -> int:
        """Rows a chunk."""
        return self.shape[0]

    @property
    def chunk_bytes(self) -> int:
        """Bytes of a decoded chunk."""
        return prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True)
class Shard:
    """A shard that is open for reading.

    Attributes:
        source: Its bytes.
        entries: (chunks, 2) uint64, offset and length of every chunk.
    """

    source: ShardSource
    entries: np.ndarray


def chunk_format(array: Array) -> ChunkFormat:
    """Read from an array's metadata how its chunks are encoded."""
    metadata: Any = array.metadata
    (sharding,) = (codec for codec in metadata.codecs if isinstance(codec, ShardingCodec))
    return ChunkFormat(
        shape=tuple(array.chunks),
        dtype=array.dtype,
        chunks_a_shard=shard_rows(array) // array.chunks[0],
        compressed=any(isinstance(codec, ZstdCodec) for codec in sharding.codecs),
        fill_value=array.fill_value,
    )


class ShardWriter:
    """Writes one shard, chunk after chunk; nothing is kept open in between.

    Args:
        file: The shard; must not exist.
        coding: How its chunks are encoded.
    """

    def __init__(self, file: Path, coding: ChunkFormat) -> None:
        self.file = file
        self._entries = np.full((coding.chunks_a_shard, 2), _NOTHING, "<u8")
        self._chunks = self._end = 0

    @property
    def full(self) -> bool:
        """Whether no further chunk fits."""
        return self._chunks == len(self._entries)

    def write(self, content: Any, checksum: bytes) -> None:
        """Append a chunk, as ``encode_chunk`` gave it."""
        length = len(content) + len(checksum)
        self._append(content, checksum)
        self._entries[self._chunks] = self._end, length
        self._chunks += 1
        self._end += length

    def finish(self) -> int:
        """Append the chunk table; the caller flushes the file. Gives its size in bytes."""
        table = self._entries.tobytes()
        self._append(table, _crc32c(table))
        return self._end + len(table) + _CRC_BYTES

    def _append(self, content: Any, checksum: bytes) -> None:
        with self.file.open("ab") as handle:
            handle.write(content)
            handle.write(checksum)


def encode_chunk(values: np.ndarray, coding: ChunkFormat) -> tuple[Any, bytes]:
    """Encode a chunk.

    Args:
        values: (N, *shape) in the type on disk; fewer rows than a chunk has are filled up.
        coding: How chunks are encoded.

    Returns:
        Its content and its checksum.
    """
    if len(values) < coding.rows:
        whole = np.full(coding.shape, coding.fill_value, coding.dtype)
        whole[: len(values)] = values
        values = whole
    content = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
    encoded = zstd.compress(content, ZSTD_LEVEL) if coding.compressed else content
    return encoded, _crc32c(encoded)


def open_shard(
    source: ShardSource, expected_bytes: int, coding: ChunkFormat, chunks: Sequence[int]
) -> Shard:
    """Open a shard and check its size and its table.

    Args:
        source: Its bytes.
        expected_bytes: Its size.
        coding: How its chunks are encoded.
        chunks: The chunks that will be read of it.

    Raises:
        DamagedShardError: It is missing, or not what was written.
    """
    shard = Shard(source, _read_table(source, expected_bytes, coding.chunks_a_shard))
    spans = [tuple(shard.entries[chunk].tolist()) for chunk in chunks]
    source.ahead([(offset, length) for offset, length in spans if offset != _NOTHING])
    return shard


def read_chunk(shard: Shard, chunk: int, coding: ChunkFormat, out: np.ndarray) -> None:
    """Decode a chunk of a shard, and check its checksum.

    Args:
        shard: The shard, as ``open_shard`` gave it.
        chunk: The chunk's number in the shard.
        coding: How chunks are encoded.
        out: (rows, *shape) in the type on disk, contiguous; filled.

    Raises:
        DamagedShardError: The chunk is not what was written.
    """
    offset, length = shard.entries[chunk].tolist()
    values = out.reshape(-1).view(np.uint8)
    if offset == _NOTHING:
        raise DamagedShardError(f"chunk {chunk} was never written")
    if coding.compressed:
        encoded = _checked(shard, chunk, offset, np.empty(length - _CRC_BYTES, np.uint8))
        _decompress(encoded, values, chunk)
    elif length != coding.chunk_bytes + _CRC_BYTES:
        raise DamagedShardError(f"chunk {chunk} has {length} bytes")
    else:
        _checked(shard, chunk, offset, values)


def ends_in_checksum(content: bytes | memoryview) -> bool:
    """Tell whether a chunk or a chunk table, with the checksum at its end, is what was written."""
    values = np.frombuffer(content, np.uint8)
    return _crc32c(values[:-_CRC_BYTES]) == values[-_CRC_BYTES:].tobytes()


def _crc32c(content: Any) -> bytes:
    return int(google_crc32c.value(content)).to_bytes(_CRC_BYTES, "little")


def _read_table(source: ShardSource, size: int, chunks: int) -> np.ndarray:
    length = chunks * _ENTRY_BYTES
    content = source.end(length + _CRC_BYTES, size)
    table, stored = content[:length], content[length:]
    if _crc32c(table) != stored:
        raise DamagedShardError("the checksum of its chunk table does not fit")
    return np.frombuffer(table, "<u8").reshape(chunks, 2)


def _checked(shard: Shard, chunk: int, offset: int, out: np.ndarray) -> np.ndarray:
    """Read the bytes of a chunk where they belong, and check the crc32c that follows them."""
    stored = bytearray(_CRC_BYTES)
    buffers: list[Any] = [out, stored]
    found = shard.source.read_into(buffers, offset)
    if found != len(out) + _CRC_BYTES or _crc32c(out) != stored:
        raise DamagedShardError(f"the checksum of chunk {chunk} does not fit")
    return out


def _decompress(encoded: np.ndarray, out: np.ndarray, chunk: int) -> None:
    try:
        zstd.decompress(encoded, out)
    except (RuntimeError, ValueError) as error:
        raise DamagedShardError(f"chunk {chunk} cannot be decompressed: {error}") from error
