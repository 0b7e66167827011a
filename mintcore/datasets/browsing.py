"""Look through a registered dataset, a page at a time, whatever its size."""

from typing import Any

from mintcore.datasets.reading import samples_file
from store.artefacts import Home
from store.sample_pages import Chosen, count_by_label, count_chosen, page_of_samples

__all__ = ["Chosen", "count_samples", "label_counts", "samples_page"]


def samples_page(
    home: Home, name: str, chosen: Chosen, *, limit: int, offset: int
) -> list[dict[str, Any]]:
    """Read some rows of a dataset in the order they were registered, without reading the others.

    Args:
        home: Where the dataset is.
        name: The dataset.
        chosen: Which of its rows.
        limit: At most so many.
        offset: How many of those chosen to leave out first.

    Returns:
        The fields of ``store.samples.SAMPLES_SCHEMA`` of each.

    Raises:
        StoreError: There is no such dataset, or its table is damaged.
    """
    page = page_of_samples(samples_file(home, name), chosen, limit=limit, offset=offset)
    return list(page.to_pylist())


def count_samples(home: Home, name: str, chosen: Chosen) -> int:
    """Count rows of a dataset; one that repeats an earlier image counts as well.

    Raises:
        StoreError: As ``samples_page``.
    """
    return count_chosen(samples_file(home, name), chosen)


def label_counts(home: Home, name: str, *, limit: int) -> list[dict[str, Any]]:
    """Count a dataset's images by label, the labels with the most images first.

    Returns:
        ``label``, ``member``, ``external``, ``unknown`` and ``images`` of at most ``limit`` labels; images without a
        label are one of them.

    Raises:
        StoreError: As ``samples_page``.
    """
    return list(count_by_label(samples_file(home, name), limit=limit).to_pylist())
