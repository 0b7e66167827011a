"""What the bytes of a shard are read from."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


class DamagedShardError(Exception):
    """What is wrong with a shard; the caller knows its file."""


class ShardSource(Protocol):
    """What the bytes of one shard are read from: a file, or an object somewhere else."""

    def end(self, count: int, expected_bytes: int) -> bytes:
        """Read the last bytes.

        Raises:
            DamagedShardError: It does not exist, or has another size than expected.
        """

    def ahead(self, spans: Sequence[tuple[int, int]]) -> None:
        """Say which (offset, length) spans will be read next."""

    def read_into(self, buffers: Sequence[Any], offset: int) -> int:
        """Fill buffers one after the other, and give how many bytes there were for them."""


@dataclass(frozen=True)
class ShardFile:
    """A shard that is a file.

    Attributes:
        descriptor: The open file; -1 where there is none.
    """

    descriptor: int

    def end(self, count: int, expected_bytes: int) -> bytes:
        """Read the last bytes; see ``ShardSource``."""
        size = os.fstat(self.descriptor).st_size if self.descriptor >= 0 else 0
        if size != expected_bytes or not size:
            raise DamagedShardError(f"it has {size} of {expected_bytes} bytes")
        return os.pread(self.descriptor, count, max(0, size - count))

    def ahead(self, spans: Sequence[tuple[int, int]]) -> None:
        """Do nothing: the system reads files ahead."""

    def read_into(self, buffers: Sequence[Any], offset: int) -> int:
        """Fill buffers; see ``ShardSource``."""
        return os.preadv(self.descriptor, buffers, offset)


@contextmanager
def shard_on_disk(file: Path) -> Iterator[ShardFile]:
    """Open the file of a shard, which may be missing."""
    descriptor = os.open(file, os.O_RDONLY) if file.exists() else -1
    try:
        yield ShardFile(descriptor)
    finally:
        if descriptor >= 0:
            os.close(descriptor)
