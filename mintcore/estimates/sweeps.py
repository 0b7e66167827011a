"""What a sweep will take: images, bytes, networks and time, without starting it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from mintcore.auditors.requests import SweepRequest
from mintcore.auditors.sources import count_networks
from mintcore.estimates.asking import arrays_of, asked_of, layers_of, pixels_array
from mintcore.estimates.speed import (
    Speed,
    extraction_seconds,
    extraction_speed,
    training_seconds,
    training_speed,
)
from mintcore.estimates.stores import (
    MOST_COUNTED,
    Lacking,
    images_of,
    lacking,
    store_of_model,
    store_of_twin,
)
from mintcore.estimates.trained import Trained, sort_trained
from mintcore.extraction.paces import measured_paces
from mintcore.models.layers import MAP
from store.artefacts import Card, Home
from store.disk import free_bytes


@dataclass(frozen=True)
class Expected:
    """A time that work is expected to take.

    Attributes:
        seconds: The time; None where it cannot be told.
        basis: What that rests on, a few words.
    """

    seconds: float | None
    basis: str


@dataclass(frozen=True)
class SweepEstimate:
    """What a sweep would do and take.

    Attributes:
        auditors: How many are asked for.
        there: Ids of those that are trained already, as far as their cards tell.
        networks: Networks that would be fitted, those of the blind baselines and of the null among them.
        models: What each model would compute, the audited one first.
        exact: Whether images were counted one by one; else as if all stored rows were of these images.
        free_bytes: What is free on the home folder's disk.
        extraction: Time for the activations.
        training: Time for the networks.
    """

    auditors: int
    there: tuple[str, ...]
    networks: int
    models: tuple[Lacking, ...]
    exact: bool
    free_bytes: int
    extraction: Expected
    training: Expected

    @property
    def bytes(self) -> int:
        """What the activations take on disk at most."""
        return sum(model.bytes for model in self.models)

    @property
    def seconds(self) -> float | None:
        """Time for all; None where it cannot be told."""
        parts = (self.extraction.seconds, self.training.seconds)
        return None if None in parts else sum(part for part in parts if part is not None)


def estimate_sweep(home: Home, request: SweepRequest) -> SweepEstimate:
    """Say what a sweep would compute and take. Nothing is computed, and no model is loaded.

    Raises:
        StoreError: A name is unknown, or a store cannot be read.
        MintError: A kind, a layer, a view or a source is unknown, or no layer can be read by the kinds.
    """
    model, auditors = home.card("models", request.model), home.cards("auditors")
    asked = asked_of(model, request)
    trained = sort_trained(home, request, asked, auditors)
    models = _models(home, request, model, auditors, trained)
    return SweepEstimate(
        auditors=len(trained.missing) + len(trained.there),
        there=trained.there,
        networks=_count_networks(request, trained, len(models)),
        models=models,
        exact=images_of(home, request.datasets()) <= MOST_COUNTED,
        free_bytes=free_bytes(home.path),
        extraction=_extraction(models, extraction_speed(request.model, measured_paces(home))),
        training=_training(home, request, model, trained, training_speed(auditors)),
    )


def _models(
    home: Home, request: SweepRequest, model: Card, auditors: Sequence[Card], trained: Trained
) -> tuple[Lacking, ...]:
    specs, datasets, layers = arrays_of(trained.missing), request.datasets(), layers_of(model)
    own = [*specs, pixels_array(model)] if specs else []
    twin = store_of_twin(home, model, auditors)
    stores = {"audited model": store_of_model(home, model), "fresh weights": twin}
    known = {"audited model": layers, "fresh weights": layers}
    if request.reference is not None:
        reference = home.card("models", request.reference)
        stores["reference model"] = store_of_model(home, reference)
        known["reference model"] = layers_of(reference)
    return tuple(
        lacking(
            home,
            role,
            store,
            datasets=datasets,
            layers=known[role],
            specs=own if role == "audited model" else specs,
        )
        for role, store in stores.items()
    )


def _count_networks(request: SweepRequest, trained: Trained, models: int) -> int:
    if not trained.missing:
        return 0
    pixels = 0 if trained.pixels else request.seeds
    return count_networks(len(trained.sources), models, request.seeds) + pixels


def _extraction(models: Sequence[Lacking], speed: Speed) -> Expected:
    if any(model.work is None for model in models):
        return Expected(
            None, "the operations of this model were not counted when it was registered"
        )
    seconds = sum(
        extraction_seconds(images, flops) for model in models for images, flops in model.work or ()
    )
    return Expected(seconds * speed.factor, speed.basis)


def _training(
    home: Home, request: SweepRequest, model: Card, trained: Trained, speed: Speed
) -> Expected:
    if not trained.missing:
        return Expected(0.0, "nothing is left to train")
    images = _cohort_images(home, request)
    networks = count_networks(1, 2 if request.reference is None else 3, request.seeds)
    seconds = 0.0
    for source in trained.sources:
        values = sum(prod(spec.shape) for spec in source.specs)
        is_map = any(spec.view.startswith(MAP) for spec in source.specs)
        seconds += training_seconds(images, networks, values, is_map=is_map)
    if not trained.pixels:
        values = prod(pixels_array(model).shape)
        seconds += training_seconds(images, request.seeds, values, is_map=True)
    return Expected(seconds * speed.factor, speed.basis)


def _cohort_images(home: Home, request: SweepRequest) -> int:
    """Count members of the one side and externals of the other."""
    members, *externals = request.datasets()
    if not externals:  # one dataset has both
        externals = [members]
    counts = {
        name: home.card("datasets", name)["counts"]["membership"] for name in (members, *externals)
    }
    return int(
        counts[members].get("member", 0)
        + sum(counts[name].get("external", 0) for name in externals)
    )
