"""What a store holds, in numbers."""

from collections.abc import Sequence
from typing import Any

from store.index import count_images
from store.layout import ArraySpec
from store.segments import Segment, stored_arrays
from store.shelf import Shelf
from store.snapshot import Snapshot


def describe(shelf: Shelf, store_id: str, snapshot: Snapshot) -> dict[str, Any]:
    """Count what a store holds; JSON values, sizes in bytes on disk, or as objects."""
    images, failed = count_images(snapshot)
    segments = snapshot.segments
    sizes = shelf.file_sizes(segments)
    return {
        "id": store_id,
        "place": shelf.place,
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


def _describe_array(spec: ArraySpec, segments: Sequence[Segment]) -> dict[str, Any]:
    holding = [segment for segment in segments if segment.holds([spec.key])]
    # the segments of one block say the same of its shards
    blocks = {segment.block: segment.arrays[spec.key].shard_bytes for segment in holding}
    return spec.to_json() | {
        "rows": sum(segment.rows for segment in holding),
        "bytes": sum(sum(sizes) for sizes in blocks.values()),
    }
