"""What a store holds, in numbers."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from store.disk import file_bytes
from store.index import count_images
from store.layout import ArraySpec
from store.segments import Segment, stored_arrays
from store.snapshot import Snapshot


def describe(folder: Path, store_id: str, snapshot: Snapshot) -> dict[str, Any]:
    """Count what a store holds; JSON values, sizes in bytes on disk."""
    images, failed = count_images(snapshot)
    segments = snapshot.segments
    sizes = _file_sizes(folder)
    return {
        "id": store_id,
        "rows": sum(segment.rows for segment in segments),
        "images": images,
        "failed": failed,
        "layers": [_describe_array(s.spec, segments) for s in stored_arrays(segments).values()],
        "datasets": {listing.dataset: listing.rows for listing in snapshot.listings},
        "bytes": sum(sizes),
        "segments": len(segments),
        "sealed": snapshot.sealed.file.name if snapshot.sealed else None,
        "unsealed_segments": len(snapshot.later_segments()),
        "files": len(sizes),
    }


def _file_sizes(folder: Path) -> list[int]:
    """Give the size of every file; what writers take away meanwhile is left out."""
    files = (Path(parent) / name for parent, _, names in os.walk(folder) for name in names)
    return [size for file in files if (size := file_bytes(file)) is not None]


def _describe_array(spec: ArraySpec, segments: Sequence[Segment]) -> dict[str, Any]:
    holding = [segment for segment in segments if segment.holds([spec.key])]
    # the segments of one block say the same of its shards
    blocks = {segment.block: segment.arrays[spec.key].shard_bytes for segment in holding}
    return spec.to_json() | {
        "rows": sum(segment.rows for segment in holding),
        "bytes": sum(sum(sizes) for sizes in blocks.values()),
    }
