"""What a home folder holds, in a few numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from mintcore.library import datasets_with


def registered_images(datasets: Sequence[Mapping[str, Any]]) -> int:
    """Count the readable images of datasets, by their cards; an image of two datasets counts twice."""
    counts = [card["counts"] for card in datasets]
    return sum(each.get("status", {}).get("ok", 0) - each.get("duplicates", 0) for each in counts)


def share_cached(store: Mapping[str, Any], registered: int) -> float | None:
    """Give the share of the registered images that a store has activations of; None where none is registered.

    Args:
        store: As ``mintcore.library.store_infos`` describes it.
        registered: How many images are registered.
    """
    return min(1.0, store["images"] / registered) if registered else None


def mean_share_cached(stores: Sequence[Mapping[str, Any]], registered: int) -> float | None:
    """Give the mean share over stores; None where there is none, or no image is registered."""
    shares = [share_cached(store, registered) for store in stores]
    known = [share for share in shares if share is not None]
    return sum(known) / len(known) if known else None


def sides(datasets: Sequence[Mapping[str, Any]]) -> dict[str, bool]:
    """Tell whether any dataset has members, and whether any has externals."""
    return {side: bool(datasets_with(datasets, side)) for side in ("member", "external")}
