"""What a store holds, in numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from store.index import count_images
from store.layout import ArraySpec
from store.segments import Segment
from store.snapshot import Snapshot


def describe(folder: Path, store_id: str, snapshot: Snapshot) -> dict[str, Any]:
    """Count what a store holds; JSON values, sizes in bytes on disk."""
    images, failed = count_images(snapshot)
    segments = snapshot.segments
    specs = {key: array.spec for s in segments for key, array in s.arrays.items()}
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return {
        "id": store_id,
        "rows": sum(segment.rows for segment in segments),
        "images": images,
        "failed": failed,
        "layers": [_describe_array(specs[key], segments) for key in sorted(specs)],
        "datasets": {listing.dataset: listing.rows for listing in snapshot.listings},
        "bytes": sum(sizes),
        "segments": len(segments),
        "sealed": snapshot.sealed.file.name if snapshot.sealed else None,
        "unsealed_segments": len(snapshot.later_segments()),
        "files": len(sizes),
    }


def _describe_array(spec: ArraySpec, segments: Sequence[Segment]) -> dict[str, Any]:
    holding = [segment for segment in segments if segment.holds([spec.key])]
    # the segments of one block say the same of its shards
    blocks = {segment.block: segment.arrays[spec.key].shard_bytes for segment in holding}
    return spec.to_json() | {
        "rows": sum(segment.rows for segment in holding),
        "bytes": sum(sum(sizes) for sizes in blocks.values()),
    }
