"""P1: classifiers that others trained on the CIFAR-10 training set; same source, real ground truth."""

from dataclasses import dataclass, field

from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import add_model
from mintcore.protocols.bench import Bench
from mintcore.protocols.data import Pictures, cifar10_classes, cifar10_test, cifar10_train
from mintcore.training.references import ReferenceRequest, train_references
from mintcore.training.settings import CROP_FLIP, TrainingSettings

CIFAR = Preprocessing((32, 32), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
WEIGHTS = {
    "resnet20": "weights/cifar10_resnet20_akamaster.safetensors",
    "resnet56": "weights/cifar10_resnet56_akamaster.safetensors",
}


@dataclass(frozen=True)
class PublicClassifiers:
    """The definition of P1.

    Attributes:
        members: How many of the official training images are audited, from the first; the external images are the
            official test images.
        references: Reference models of the ResNet-20 architecture, each trained on a random half of all other
            training images.
        reference_training: How.
        deep_reference_training: How one of the ResNet-56 architecture is trained, the blind baseline of ResNet-56.
    """

    members: int = 10_000
    references: int = 4
    reference_training: TrainingSettings = field(
        default_factory=lambda: TrainingSettings(epochs=12, augment=CROP_FLIP)
    )
    deep_reference_training: TrainingSettings = field(
        default_factory=lambda: TrainingSettings(epochs=8, augment=CROP_FLIP)
    )


@dataclass(frozen=True)
class Prepared:
    """What P1 measures on.

    Attributes:
        members: Dataset of the members.
        external: Dataset of the external images.
        references: Names of the reference models, ResNet-20.
        blind: Audited model -> its blind reference model, of its own architecture.
    """

    members: str
    external: str
    references: tuple[str, ...]
    blind: dict[str, str]


def prepare(bench: Bench, definition: PublicClassifiers) -> Prepared:
    """Register images and models, and train what is missing of the reference models."""
    count = definition.members
    members = bench.dataset(
        f"cifar10-train-first-{count}", "member", lambda: cifar10_train(bench.data)[:count]
    )
    external = bench.dataset("cifar10-test", "external", lambda: cifar10_test(bench.data))
    pool = bench.dataset(f"cifar10-train-after-{count}", "external", lambda: _others(bench, count))
    for name in WEIGHTS:
        add_public(bench, name)
    shallow = _references(bench, "resnet20", pool, external, definition)
    deep = _references(bench, "resnet56", pool, external, definition)
    return Prepared(members, external, shallow, {"resnet20": shallow[0], "resnet56": deep[0]})


def add_public(bench: Bench, name: str) -> None:
    """Register a public classifier."""
    weights = bench.data.file(WEIGHTS[name])
    add_model(
        bench.home,
        name,
        f"mintcore:{name}-cifar",
        weights,
        CIFAR,
        classes=cifar10_classes(bench.data),
    )


def _others(bench: Bench, count: int) -> Pictures:
    return cifar10_train(bench.data)[count:]


def _references(
    bench: Bench, of: str, pool: str, test: str, definition: PublicClassifiers
) -> tuple[str, ...]:
    deep = of == "resnet56"
    request = ReferenceRequest(
        name=f"{of}-reference",
        of=of,
        pool=(pool,),
        settings=definition.deep_reference_training if deep else definition.reference_training,
        count=1 if deep else definition.references,
        membership="external",
        test=test,
    )
    cards = train_references(bench.home, request, device=bench.device, reporter=bench.reporter)
    return tuple(str(card["id"]) for card in cards)
