"""Chunks that were read from object storage, kept on this machine's disk: bounded, and never trusted.

One file a chunk, so any number of processes may use one cache: files appear by a rename, and what is deleted is
fetched again. Nothing is flushed to disk: whoever reads checks the checksum that every chunk ends in.
"""

import os
import secrets
import threading
from contextlib import suppress
from pathlib import Path

from store.digests import digest_of
from store.disk import free_bytes

SWEEP_PART = 16
"""After so much of what it may take was added, a process looks what must go. So with P processes at work it can be
larger for a moment by (P - 2) / 16, since a sweep leaves an eighth free."""
KEPT_PART = 8

LEFT_FREE_BYTES = 512 * 2**20
"""Where less is free on the disk, nothing is kept: a cache must not fill the disk that a run needs."""


class ChunkCache:
    """A folder of chunks by name; what was not asked for longest goes first.

    Args:
        folder: The folder; made on the first write.
        limit_bytes: What its files may take; 0 keeps nothing and gives nothing.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder, self._limit = folder, limit_bytes
        self._lock = threading.Lock()
        self._added = limit_bytes  # a process looks before the first chunk that it adds

    def get(self, name: str) -> bytes | None:
        """Give a chunk, None where it is not there or cannot be read."""
        if not self._limit:
            return None
        file = self._file(name)
        try:
            content = file.read_bytes()
            os.utime(file)
        except OSError:
            return None
        return content

    def put(self, name: str, content: bytes | memoryview) -> None:
        """Keep a chunk; where the disk does not take it, that is no error."""
        if len(content) > self._limit // KEPT_PART:
            return
        file = self._file(name)
        unfinished = file.with_name(f"{secrets.token_hex(8)}.unfinished")
        with suppress(OSError):
            self._make_room(len(content))
            if free_bytes(self._folder) < LEFT_FREE_BYTES:
                return
            file.parent.mkdir(parents=True, exist_ok=True)
            try:
                unfinished.write_bytes(content)
                unfinished.rename(file)
            finally:
                unfinished.unlink(missing_ok=True)

    def drop(self, name: str) -> None:
        """Forget a chunk."""
        with suppress(OSError):
            self._file(name).unlink()

    def _file(self, name: str) -> Path:
        digest = digest_of(name.encode())
        return self._folder / digest[:2] / digest[2:]

    def _make_room(self, count: int) -> None:
        with self._lock:
            self._added += count
            due = self._added * SWEEP_PART > self._limit
            if due:
                self._added = count
        if due:
            self._sweep(self._limit - self._limit // KEPT_PART)

    def _sweep(self, most_bytes: int) -> None:
        """Delete what was not asked for longest, until the rest is small enough; also what writers left that died."""
        found = []
        for file in self._folder.glob("*/*"):
            with suppress(FileNotFoundError):
                state = file.stat()
                found.append((state.st_mtime_ns, state.st_size, file))
        excess = sum(size for _, size, _ in found) - most_bytes
        for _, size, file in sorted(found, key=lambda each: each[:2]):
            if excess <= 0:
                return
            file.unlink(missing_ok=True)
            excess -= size
