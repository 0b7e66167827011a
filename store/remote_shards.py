"""Shards that are objects: what is wanted of them is fetched at once, and kept on this machine."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from store.chunk_cache import ChunkCache
from store.object_errors import AbsentError
from store.object_storage import Objects
from store.shard_sources import DamagedShardError
from store.shards import ends_in_checksum


@dataclass(frozen=True)
class RemoteShard:
    """A shard on object storage.

    Attributes:
        objects: The store.
        path: The shard.
        cache: What was read before.
        identity: Names the store in the cache; no shard of it ever changes.
    """

    objects: Objects
    path: str
    cache: ChunkCache
    identity: str
    _fetched: dict[int, bytes | memoryview] = field(default_factory=dict)

    def end(self, count: int, expected_bytes: int) -> bytes:
        """Read the last bytes; see ``ShardSource``."""
        name = self._name(expected_bytes - count, count)
        kept = self._kept(name)
        if kept is not None:
            return kept
        try:
            found = self.objects.tail(self.path, count)
        except AbsentError as error:
            raise DamagedShardError(f"it has 0 of {expected_bytes} bytes") from error
        if found.bytes != expected_bytes:
            raise DamagedShardError(f"it has {found.bytes} of {expected_bytes} bytes")
        self._keep(name, found.content)
        return found.content

    def ahead(self, spans: Sequence[tuple[int, int]]) -> None:
        """Fetch what is not kept, near spans in one request."""
        missing = []
        for offset, length in spans:
            kept = self._kept(self._name(offset, length))
            if kept is None:
                missing.append((offset, length))
            else:
                self._fetched[offset] = kept
        for (offset, length), part in zip(missing, self._parts(missing), strict=True):
            self._fetched[offset] = part
            self._keep(self._name(offset, length), part)

    def read_into(self, buffers: Sequence[Any], offset: int) -> int:
        """Fill buffers with what was fetched; see ``ShardSource``."""
        content = np.frombuffer(self._fetched.pop(offset, b""), np.uint8)
        done = 0
        for buffer in buffers:
            part = content[done : done + len(buffer)]
            np.frombuffer(buffer, np.uint8)[: len(part)] = part
            done += len(part)
        return done

    def _parts(self, spans: Sequence[tuple[int, int]]) -> Sequence[memoryview]:
        try:
            return self.objects.parts(self.path, spans) if spans else []
        except AbsentError as error:
            raise DamagedShardError("it is gone") from error

    def _name(self, offset: int, length: int) -> str:
        return f"{self.identity}/{self.path}/{offset}/{length}"

    def _kept(self, name: str) -> bytes | None:
        """Give what is in the cache, unless it is damaged there."""
        content = self.cache.get(name)
        if content is not None and not ends_in_checksum(content):
            self.cache.drop(name)
            return None
        return content

    def _keep(self, name: str, content: bytes | memoryview) -> None:
        if ends_in_checksum(
            content
        ):  # what is damaged where it comes from would be asked for in vain
            self.cache.put(name, content)
