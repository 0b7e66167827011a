"""Read a registered dataset: its card, its samples, and the pixels of one of them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintcore.datasets.arrays import read_image
from mintcore.datasets.parquet_images import read_row_image
from mintcore.datasets.recordsets import read_record
from mintcore.datasets.torchvision_sets import read_torchvision_image
from mintcore.datasets.uris import parse_uri
from mintcore.datasets.webdataset import read_tar_image
from mintcore.datasets.zip import read_zip_image
from mintcore.images import Pixels, decode_image
from store.artefacts import Card, Home
from store.sample_groups import sample_groups, sample_row
from store.samples import LOOKS_SCHEMA, select_samples

SAMPLES_FILE = "samples.parquet"

_READERS: dict[str, Callable[..., Pixels]] = {
    "file": lambda location: decode_image(Path(location)),
    "npz": lambda location, index: read_image(Path(location), index),
    "parquet": lambda location, row: read_row_image(Path(location), row),
    "tar": lambda location, offset, length: read_tar_image(Path(location), offset, length),
    "rec": lambda location, offset: read_record(Path(location), offset),
    "zip": lambda location, index: read_zip_image(Path(location), index),
    "torchvision": read_torchvision_image,
}


def dataset_card(home: Home, name: str) -> Card:
    """Read the card of a dataset.

    Raises:
        StoreError: There is no such dataset; near names are suggested.
    """
    return home.card("datasets", name)


def list_datasets(home: Home) -> list[Card]:
    """Read the cards of all registered datasets, oldest first."""
    return home.cards("datasets")


def samples_file(home: Home, name: str) -> Path:
    """Give the file with a dataset's samples.

    Raises:
        StoreError: There is no such dataset; near names are suggested.
    """
    dataset_card(home, name)
    return home.folder("datasets", name) / SAMPLES_FILE


def samples(home: Home, name: str, **filters: Any) -> pa.Table:
    """Select samples of a dataset, in the order they were registered.

    Args:
        home: Where the dataset is.
        name: The dataset.
        **filters: ``membership``, ``status``, ``sample_ids``, ``limit`` and ``offset``, as
            ``store.samples.select_samples`` takes them.

    Returns:
        A table of ``store.samples.SAMPLES_SCHEMA``.

    Raises:
        StoreError: There is no such dataset; near names are suggested.
    """
    return select_samples(samples_file(home, name), **filters)


def samples_with_looks(home: Home, name: str, **filters: Any) -> pa.Table:
    """Select samples with what they look like, for ``mintcore.datasets.perceptual.looks_of``.

    Args:
        home: Where the dataset is.
        name: The dataset.
        **filters: As ``samples`` takes them.

    Returns:
        A table of ``store.samples.LOOKS_SCHEMA``.

    Raises:
        StoreError: There is no such dataset; near names are suggested.
    """
    return select_samples(samples_file(home, name), **filters, schema=LOOKS_SCHEMA)


def read_pixels(uri: str) -> Pixels:
    """Read the pixels of one image. Several threads may read at once.

    Args:
        uri: Path of an image file, or a place inside another file, as ``mintcore.datasets.uris``
            has it.

    Returns:
        (H, W, 3) RGB, uint8.

    Raises:
        MintError: The file is gone, or no longer holds a readable image.
    """
    address = parse_uri(uri)
    return _READERS[address.kind](address.location, *address.numbers)


def sample_at(home: Home, name: str, position: int) -> dict[str, Any]:
    """Read one row of a dataset, without reading the others.

    Args:
        home: Where the dataset is.
        name: The dataset.
        position: The row, from 0, in the order in which the images were registered.

    Returns:
        The fields of ``store.samples.LOOKS_SCHEMA``.

    Raises:
        StoreError: There is no such dataset or row.
    """
    return sample_row(samples_file(home, name), position)


def described(
    home: Home, datasets: Sequence[str], sample_ids: Sequence[str]
) -> list[dict[str, Any]]:
    """Give what datasets say of images, in their order; nothing but the id where they are not there any more."""
    by_id: dict[str, dict[str, Any]] = {}
    for dataset in datasets:
        if home.has("datasets", dataset):
            known = samples(home, dataset, sample_ids=list(sample_ids)).to_pylist()
            by_id = {row["sample_id"]: row for row in known} | by_id
    return [by_id.get(sample, {"sample_id": sample}) for sample in sample_ids]


def where_registered(
    home: Home, datasets: Sequence[str], sample_ids: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """Find where images are registered.

    Args:
        home: Where the datasets are.
        datasets: Their names; those that come first are named first.
        sample_ids: The images.

    Returns:
        Sample id -> the rows that list it, each with its ``dataset``.

    Raises:
        StoreError: There is no such dataset.
    """
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in sample_ids}
    wanted = pa.array(sample_ids, pa.string())
    for dataset in datasets:
        for group in sample_groups(samples_file(home, dataset)):
            listed = pc.is_in(group.read(["sample_id"]).column(0), wanted).to_numpy()
            if listed.any():
                for row in group.rows(np.flatnonzero(listed)):
                    found[row["sample_id"]].append({**row, "dataset": dataset})
    return found
