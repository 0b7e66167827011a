"""How long it takes to compare all images of two datasets. Needs nothing else, so that pages can ask."""

_PAIRS_A_SECOND = 5e8
"""Compared by all cores of one machine together: `docs/bring-your-own-data.md` says where this was measured."""


def seconds_to_compare(images: int, others: int) -> float:
    """Estimate how long all pairs of images of two datasets take to compare."""
    return images * others / _PAIRS_A_SECOND
