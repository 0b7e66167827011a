"""The object classifiers of P2 and P4: the CNN of arXiv 2601.12929, trained here on a known half of some images."""

from dataclasses import dataclass, field
from functools import partial

import numpy as np

from mintcore.models.preprocessing import Preprocessing
from mintcore.protocols.bench import Bench
from mintcore.protocols.data import (
    GTSRB_REPEATED,
    Pictures,
    cifar10_test,
    cifar10_train,
    gtsrb_test,
    gtsrb_train,
)
from mintcore.training.ground_truth import train_model
from mintcore.training.requests import TrainingRequest
from mintcore.training.settings import ADAMW, TrainingSettings

ARCH = "mintcore:object-cnn"
HALF = Preprocessing((32, 32), mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
CIFAR10, GTSRB = "cifar10", "gtsrb"


@dataclass(frozen=True)
class ObjectTraining:
    """How the object classifiers are trained, and on how many images; part of the definitions of P2 and P4.

    Attributes:
        cifar10_images: Random training images of CIFAR-10: half are members, half external.
        cifar10_blind: As many others train the blind reference model.
        gtsrb_every: Of each track of GTSRB, every so many-th frame is taken; half of the tracks are members.
        gtsrb_blind: Random test images of GTSRB, which are of other tracks, train the blind reference model.
        training: Of all of them.
        seed: Chooses the images. With 0 it was settled what P2's auditors read; 1 draws images that settled nothing.
    """

    cifar10_images: int = 5_000
    cifar10_blind: int = 2_500
    gtsrb_every: int = 8
    gtsrb_blind: int = 2_500
    training: TrainingSettings = field(
        default_factory=lambda: TrainingSettings(
            epochs=40, optimiser=ADAMW, learning_rate=2e-3, weight_decay=1e-4
        )
    )
    seed: int = 1


@dataclass(frozen=True)
class Subject:
    """An audited model with what it was trained on.

    Attributes:
        model: Its name.
        reference: A model of the same architecture that saw neither members nor externals.
        members: Dataset of the images that it was trained on.
        external: Dataset of images of the same source that it was not.
        test: Dataset that its accuracy was measured on.
    """

    model: str
    reference: str
    members: str
    external: str
    test: str


def train_cifar10(bench: Bench, sizes: ObjectTraining) -> Subject:
    """Make the classifier of CIFAR-10, and its blind reference model."""
    half = sizes.cifar10_images // 2
    cuts = {
        "members": ("member", slice(0, half)),
        "external": ("external", slice(half, 2 * half)),
        "blind": ("external", slice(2 * half, 2 * half + sizes.cifar10_blind)),
    }
    names = {
        role: bench.dataset(
            f"cifar10-object-{role}-{cut.stop - cut.start}",
            membership,
            partial(_images, bench, sizes, cut),
        )
        for role, (membership, cut) in cuts.items()
    }
    test = bench.dataset("cifar10-test", "external", lambda: cifar10_test(bench.data))
    return _trained(bench, CIFAR10, names, test, sizes)


def train_gtsrb(bench: Bench, sizes: ObjectTraining) -> Subject:
    """Make the classifier of GTSRB, and its blind reference model."""
    every = sizes.gtsrb_every
    names = {
        role: bench.dataset(
            f"gtsrb-{role}-every-{every}",
            membership,
            partial(_tracks, bench, sizes, chosen),
        )
        for role, membership, chosen in (
            ("members", "member", True),
            ("external", "external", False),
        )
    }
    count = sizes.gtsrb_blind
    names["blind"] = bench.dataset(
        f"gtsrb-test-{count}", "external", partial(_other_signs, bench, sizes)
    )
    return _trained(bench, GTSRB, names, names["blind"], sizes)


def _trained(
    bench: Bench, source: str, names: dict[str, str], test: str, sizes: ObjectTraining
) -> Subject:
    model, reference = f"object-{source}", f"object-{source}-blind"
    for name, dataset, membership, held_out in (
        (model, names["members"], "member", test),
        (reference, names["blind"], "external", names["external"]),
    ):
        request = TrainingRequest(
            name, ARCH, (dataset,), HALF, membership, sizes.training, test=held_out
        )
        train_model(bench.home, request, device=bench.device, reporter=bench.reporter)
    return Subject(model, reference, names["members"], names["external"], test)


def _images(bench: Bench, sizes: ObjectTraining, cut: slice) -> Pictures:
    return cifar10_train(bench.data).shuffled(sizes.seed)[cut]


def _tracks(bench: Bench, sizes: ObjectTraining, chosen: bool) -> Pictures:
    """Take every so many-th frame of a random half of the tracks, or of the other half."""
    pictures = gtsrb_train(bench.data)
    tracks = np.unique(pictures.columns["identity"])
    half = np.random.default_rng(sizes.seed).permutation(tracks)[: len(tracks) // 2]
    taken = pictures.columns["frame"].astype(int) % sizes.gtsrb_every == 0
    return pictures[taken & (np.isin(pictures.columns["identity"], half) == chosen)]


def _other_signs(bench: Bench, sizes: ObjectTraining) -> Pictures:
    pictures = gtsrb_test(bench.data)
    kept = np.setdiff1d(np.arange(len(pictures)), GTSRB_REPEATED)
    order = np.random.default_rng(sizes.seed).permutation(kept)
    return pictures[order[: sizes.gtsrb_blind]]
