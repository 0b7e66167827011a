"""What the stores of a sweep's models lack of its images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mintcore.auditors.cards import store_of_network
from mintcore.datasets.reading import dataset_card, samples_file
from mintcore.extraction.store_names import store_name
from mintcore.extraction.work import flops_an_image
from mintcore.holdings import registered_images
from mintcore.library import store_versions
from mintcore.models.layers import Layer
from mintcore.models.twins import model_of_twin
from store.artefacts import Card, Home
from store.feature_store import open_store
from store.holdings import Holding
from store.layout import ArraySpec, estimate_bytes

MOST_COUNTED = 2_000_000
"""With more registered images a store is not asked image by image, which would take seconds."""
_KEPT_COUNTS = 100


@dataclass(frozen=True)
class Lacking:
    """What a model would have to compute.

    Attributes:
        role: "audited model", "fresh weights" or "reference model".
        images: Images that are asked for, each once.
        compute: Images that the model would be run on.
        bytes: What that takes on disk at most.
        work: Pairs of images and the floating-point operations that each of them takes; None where the model's
            operations were not counted.
    """

    role: str
    images: int
    compute: int
    bytes: int
    work: tuple[tuple[int, int], ...] | None

    @property
    def cached(self) -> int:
        """Images of which everything is there."""
        return self.images - self.compute


def lacking(
    home: Home,
    role: str,
    store: str | None,
    *,
    datasets: Sequence[str],
    layers: Sequence[Layer],
    specs: Sequence[ArraySpec],
) -> Lacking:
    """Count what a store lacks of some arrays for the images of some datasets.

    Args:
        home: The home folder.
        role: What the model is to the experiment.
        store: Id of its store; None where there is none yet.
        datasets: Names of the datasets.
        layers: Those of the model.
        specs: The arrays wanted; with none, no image is lacking.

    Raises:
        StoreError: A dataset is unknown, or the store cannot be read.
    """
    missing: dict[tuple[ArraySpec, ...], int] = {}
    holdings = _holdings(home, store, datasets, specs)
    for holding in holdings:
        gone = tuple(spec for spec in specs if spec.key not in holding.keys)
        if gone:
            missing[gone] = missing.get(gone, 0) + holding.images
    costs = [(images, flops_an_image(layers, gone)) for gone, images in missing.items()]
    counted = [(images, flops) for images, flops in costs if flops is not None]
    return Lacking(
        role=role,
        images=sum(holding.images for holding in holdings),
        compute=sum(missing.values()),
        bytes=sum(estimate_bytes(gone, images) for gone, images in missing.items()),
        work=tuple(counted) if len(counted) == len(costs) else None,
    )


def images_of(home: Home, datasets: Sequence[str]) -> int:
    """Count the readable images of some datasets by their cards."""
    return registered_images([dataset_card(home, name) for name in datasets])


def store_of_model(home: Home, model: Card) -> str | None:
    """Name the store of a registered model; None where there is none yet."""
    name = store_name(model)
    return name if home.has("stores", name) else None


def store_of_twin(home: Home, model: Card, auditors: Sequence[Card]) -> str | None:
    """Name the store of a model's twin with fresh weights; None where there is none yet.

    Which it is, an auditor of the model says; without one, the newest store of a twin of that name is taken.
    """
    for card in reversed(auditors):
        if (
            card.get("model_fingerprint") == model["fingerprint"]
            and "fresh weights" in card["networks"]
        ):
            named = store_of_network(card["networks"]["fresh weights"])
            return named if named and home.has("stores", named) else None
    twins = [
        card["id"]
        for card in home.cards("stores")
        if model_of_twin(str(card.get("model"))) == model["id"]
    ]
    return twins[-1] if twins else None


def _holdings(
    home: Home, store: str | None, datasets: Sequence[str], specs: Sequence[ArraySpec]
) -> list[Holding]:
    registered = images_of(home, datasets)
    if store is None:
        return [Holding(frozenset(), registered)]
    folder = home.folder("stores", store)
    if registered <= MOST_COUNTED:
        files = tuple(samples_file(home, name) for name in datasets)
        written = tuple(file.stat().st_mtime_ns for file in files)
        return _counted(folder, files, (store_versions(home)[store], written))
    opened = open_store(folder)
    rows = {f"{each['layer']}/{each['view']}": each["rows"] for each in opened.info()["layers"]}
    return _by_rows(registered, {spec.key: rows.get(spec.key, 0) for spec in specs})


@lru_cache(maxsize=_KEPT_COUNTS)
def _counted(folder: Path, files: tuple[Path, ...], version: object) -> list[Holding]:
    """Ask a store, once for what it holds and the images there are: other layers and kinds have the same answer."""
    return open_store(folder).holdings(files)


def _by_rows(images: int, rows: Mapping[str, int]) -> list[Holding]:
    """Count by the rows of whole arrays, as if all of them were of the images asked for."""
    whole = min(images, *rows.values())
    there = frozenset(key for key, count in rows.items() if count >= images)
    return [Holding(frozenset(rows), whole), Holding(there, images - whole)]
