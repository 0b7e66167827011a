"""The engine for a script or a notebook: what ``import mintcore`` gives, with the usual values filled in.

Each function does what the command of its name does, at once and in this process.
"""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np

from mintcore import audit, image_audit
from mintcore.auditors.requests import KINDS, SEEDS, SweepRequest
from mintcore.extraction.requests import VIEWS, ExtractionRequest
from mintcore.extraction.run import ExtractionSummary, extract_datasets
from mintcore.images import decode_image
from mintcore.library import home_of_environment
from mintcore.progress import Reporter, SilentReporter
from mintcore.sweep import sweep
from store.artefacts import Card, Home


def open_home(folder: str | PathLike[str] | None = None) -> Home:
    """Give a home folder.

    Args:
        folder: The folder, made on the first write; by default the one of ``MINT_HOME``, else ``./mint-home``.
    """
    return home_of_environment() if folder is None else Home(Path(folder))


def extract(
    home: Home,
    model: str,
    datasets: Sequence[str],
    *,
    layers: str = "all",
    views: Sequence[str] = VIEWS,
    map_side: int = 8,
    device: str = "auto",
    reporter: Reporter | None = None,
) -> ExtractionSummary:
    """Run a model over datasets and keep what it computes; what is in the store is not computed again.

    Args:
        home: The home folder.
        model: Name of the audited model.
        datasets: Names of datasets.
        layers: "all", or layer names and globs separated by commas.
        views: What is kept of a layer, such as "pooled" (C,) and "map" (C, h, w).
        map_side: Maps are area-pooled to at most this many pixels a side.
        device: "auto", "cpu", "cuda" or "cuda:N".
        reporter: Told how far it is; by default nobody is.

    Returns:
        How much was computed, reused and failed.

    Raises:
        MintError: The model, a dataset, a layer or a view is unknown.
        StoreError: The disk is too small, or another process is writing the store.
    """
    request = ExtractionRequest(model, tuple(datasets), layers, tuple(views), map_side)
    return extract_datasets(home, request, device=device, reporter=reporter or SilentReporter())


def train(
    home: Home,
    model: str,
    *,
    members: str,
    external: str,
    layer: str = "output",
    kind: str = "vanilla",
    reference: str | None = None,
    map_side: int = 8,
    seed: int = 0,
    seeds: int = SEEDS,
    allow_overlap: bool = False,
    device: str = "auto",
    reporter: Reporter | None = None,
) -> Card:
    """Train one auditor, beside its blind baselines; what it reads is extracted where it is missing.

    Args:
        home: The home folder.
        model: Name of the audited model.
        members: Dataset whose members are used.
        external: Dataset whose externals are used.
        layer: One layer of the model.
        kind: A kind of auditor.
        reference: Name of a trained model that never saw the members, as a further blind baseline.
        map_side: Side of the maps that a CNN auditor reads, in pixels.
        seed: Seed of split, weights and order.
        seeds: Networks of the auditor; an image's score is their mean.
        allow_overlap: Go on where members and externals overlap.
        device: "auto", "cpu", "cuda" or "cuda:N".
        reporter: Told of each stage and epoch; by default nobody is.

    Returns:
        The auditor's card: ``id``, ``auc``, ``blind_auc``, ``advantage``, their intervals, ``tier``, ``meaning`` ...

    Raises:
        MintError: A name is unknown, members and externals overlap, or there are too few images.
    """
    (card,) = sweep_layers(
        home,
        model,
        members=members,
        external=external,
        layers=layer,
        kinds=(kind,),
        reference=reference,
        map_side=map_side,
        seed=seed,
        seeds=seeds,
        allow_overlap=allow_overlap,
        device=device,
        reporter=reporter,
    )
    return card


def sweep_layers(
    home: Home,
    model: str,
    *,
    members: str,
    external: str,
    layers: str = "all",
    kinds: Sequence[str] = KINDS,
    reference: str | None = None,
    map_side: int = 8,
    seed: int = 0,
    seeds: int = SEEDS,
    allow_overlap: bool = False,
    device: str = "auto",
    reporter: Reporter | None = None,
) -> list[Card]:
    """Train the auditors of several layers.

    Args:
        home: The home folder.
        model: Name of the audited model.
        members: Dataset whose members are used.
        external: Dataset whose externals are used.
        layers: "all", or layer names and globs separated by commas.
        kinds: Kinds of auditor.
        reference: As ``train`` takes it, and likewise what follows.
        map_side: Side of the maps that CNN auditors read, in pixels.
        seed: Seed of split, weights and order.
        seeds: Networks of each auditor.
        allow_overlap: Go on where members and externals overlap.
        device: "auto", "cpu", "cuda" or "cuda:N".
        reporter: Told of each stage and epoch; by default nobody is.

    Returns:
        The card of each auditor, in the order of the layers.

    Raises:
        MintError: A name is unknown, members and externals overlap, or there are too few images.
    """
    request = SweepRequest(
        model=model,
        members=members,
        external=external,
        layers=layers,
        kinds=tuple(kinds),
        map_side=map_side,
        reference=reference,
        seed=seed,
        allow_overlap=allow_overlap,
        seeds=seeds,
    )
    return sweep(home, request, device=device, reporter=reporter or SilentReporter())


def audit_dataset(
    home: Home,
    auditor: str,
    dataset: str,
    *,
    device: str = "auto",
    reporter: Reporter | None = None,
) -> Card:
    """Audit a dataset as a whole.

    Args:
        home: The home folder.
        auditor: Id of an auditor.
        dataset: Name of the dataset; what it says of membership is not used.
        device: "auto", "cpu", "cuda" or "cuda:N".
        reporter: Told of each stage; by default nobody is.

    Returns:
        The audit's card: ``verdict``, ``tier``, ``p_value``, ``share``, ``advantage``, ``meaning`` ...

    Raises:
        MintError: The auditor or dataset is unknown, or too few images are left to judge.
    """
    told = reporter or SilentReporter()
    return audit.audit_dataset(home, auditor, dataset, device=device, reporter=told)


def audit_image(
    home: Home,
    auditor: str,
    image: str | PathLike[str] | np.ndarray,
    *,
    name: str | None = None,
    device: str = "auto",
) -> Card:
    """Audit one image.

    Args:
        home: The home folder.
        auditor: Id of an auditor.
        image: The image's file, or its pixels (H, W, 3), uint8 RGB.
        name: What to call it; by default its file's name.
        device: "auto", "cpu", "cuda" or "cuda:N".

    Returns:
        The audit's card: ``score``, ``probability``, ``p_value``, ``verdict``, ``tier``, ``meaning`` ...

    Raises:
        MintError: The auditor is unknown, or the file is not an image.
    """
    if isinstance(image, np.ndarray):
        called, pixels = name or "image", image
    else:
        file = Path(image)
        called, pixels = name or file.name, decode_image(file)
    loaded = image_audit.load_image_auditor(home, auditor, device=device)
    (finding,) = image_audit.audit_images(loaded, [(called, pixels)])
    return image_audit.publish_image_audit(home, loaded, finding)
