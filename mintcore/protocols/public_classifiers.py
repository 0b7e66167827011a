"""P1: classifiers that others trained on the CIFAR-10 training set; same source, real ground truth."""

from dataclasses import dataclass, field

from mintcore.arrays import LABEL, View
from mintcore.models.layers import GRADIENT, GRADIENT_DTYPE, MAP, OUTPUT, POOLED
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import add_model
from mintcore.protocols.bench import Bench
from mintcore.protocols.data import (
    CIFAR_FILES,
    Pictures,
    cifar10_classes,
    cifar10_test,
    cifar10_train,
)
from mintcore.protocols.marks import marks_of
from mintcore.protocols.protocol import Outcome, Protocol
from mintcore.protocols.steps import Experiment, against_methods, best_of, label_signals
from mintcore.protocols.tables import Row
from mintcore.training.references import ReferenceRequest, train_references
from mintcore.training.settings import CROP_FLIP, TrainingSettings

CIFAR = Preprocessing((32, 32), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
SHALLOW, DEEP = "resnet20", "resnet56"
LAST_BLOCKS = {SHALLOW: "layer3.2", DEEP: "layer3.8"}
WEIGHTS = {
    SHALLOW: "weights/cifar10_resnet20_akamaster.safetensors",
    DEEP: "weights/cifar10_resnet56_akamaster.safetensors",
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
        queries: How often an image is asked about, augmented, by auditors and by the other methods.
        stresses: How many stressed queries of ResNet-56 the joint auditor reads besides.
        gradient_size: Values that the gradient of the output layer is reduced to.
        seeds: Networks a source of each auditor.
        cnn_layers: Layers of ResNet-56 whose maps are read, too: the first and the last block.
        map_side: Side of these maps.
        aim_auc: AUC that was aimed at for ResNet-56, without reference models.
        aim_tpr: True-positive rate at 0.1% false positives that was aimed at.
    """

    members: int = 10_000
    references: int = 4
    reference_training: TrainingSettings = field(
        default_factory=lambda: TrainingSettings(epochs=10, augment=CROP_FLIP)
    )
    deep_reference_training: TrainingSettings = field(
        default_factory=lambda: TrainingSettings(epochs=3, augment=CROP_FLIP)
    )
    queries: int = 16
    stresses: int = 15
    gradient_size: int = 512
    seeds: int = 3
    cnn_layers: str = "layer1.0,layer3.8"
    map_side: int = 8
    aim_auc: float = 0.68
    aim_tpr: float = 0.01


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


def run(bench: Bench, definition: PublicClassifiers) -> Outcome:
    """Audit each public classifier layer by layer and with everything together, beside other methods."""
    prepared = prepare(bench, definition)
    outcome = Outcome([], [], [])
    for model in WEIGHTS:
        rows = _audited(bench, model, prepared, definition)
        outcome.rows.extend(rows)
        outcome.marks.extend(marks_of(model, rows))
        outcome.sentences.extend(against_methods(bench.home, rows))
        if model == DEEP:
            outcome.sentences.append(_aim(best_of(rows), definition))
    return outcome


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
    shallow = _references(bench, SHALLOW, pool, external, definition)
    deep = _references(bench, DEEP, pool, external, definition)
    return Prepared(members, external, shallow, {SHALLOW: shallow[0], DEEP: deep[0]})


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


def _audited(
    bench: Bench, model: str, prepared: Prepared, definition: PublicClassifiers
) -> list[Row]:
    views, last = _Views.of(definition), LAST_BLOCKS[model]
    experiment = Experiment(
        model, prepared.blind[model], prepared.members, prepared.external, definition.seeds
    )
    signals = [f"{OUTPUT}/{views.signals}"]
    if model == DEEP:
        signals.append(f"{OUTPUT}/{views.stressed}")
    joint = (f"*/{POOLED}", f"{OUTPUT}/{label_signals(1)}", *signals)
    several = (
        *signals,
        f"{OUTPUT}/{views.gradient}",
        f"{OUTPUT}/{POOLED}",
        f"{last}/{POOLED}",
        f"{last}/{views.pooled}",
    )
    maps = [f"{layer}/{views.map}" for layer in definition.cnn_layers.split(",")]
    experiment.extracted(bench, [*joint, *several, *(maps if model == DEEP else [])])
    rows = experiment.audited(bench, "all")
    if model == DEEP:
        rows += experiment.audited(
            bench, definition.cnn_layers, "cnn", map_side=definition.map_side
        )
    rows += experiment.audited(bench, OUTPUT, view=views.gradient)
    rows += experiment.audited(bench, OUTPUT, "queries", view=views.signals)
    rows += experiment.audited(bench, last, view=views.pooled)
    rows += experiment.audited(bench, "all", "fused", sources=several)
    rows += experiment.audited(bench, "all", "joint", sources=joint)
    return rows + experiment.attacked(bench, prepared.references, definition.queries)


@dataclass(frozen=True)
class _Views:
    """Names of the views that auditors of P1 read besides the pooled one."""

    signals: str
    stressed: str
    gradient: str
    pooled: str
    map: str

    @classmethod
    def of(cls, definition: PublicClassifiers) -> "_Views":
        queries = definition.queries
        gradient = View(GRADIENT, definition.gradient_size, LABEL, dtype=GRADIENT_DTYPE)
        return cls(
            label_signals(queries),
            label_signals(definition.stresses, stressed=True),
            gradient.name,
            View(POOLED, queries=queries).name,
            View(MAP, definition.map_side).name,
        )


def _aim(chosen: Row, definition: PublicClassifiers) -> str:
    reached = (
        chosen["auc"] >= definition.aim_auc and (chosen["tpr_01pct"] or 0) >= definition.aim_tpr
    )
    rate = chosen["tpr_01pct"]
    return (
        f"{chosen['model']}: aimed at was an AUC of {definition.aim_auc:.2f} and a true-positive rate of "
        f"{definition.aim_tpr:.1%} at 0.1% false positives, without reference models; reached are "
        f"{chosen['auc']:.3f} and {'nothing measurable' if rate is None else f'{rate:.2%}'}: the aim is "
        f"{'met' if reached else 'not met'}."
    )


def _others(bench: Bench, count: int) -> Pictures:
    return cifar10_train(bench.data)[count:]


def _references(
    bench: Bench, of: str, pool: str, test: str, definition: PublicClassifiers
) -> tuple[str, ...]:
    deep = of == DEEP
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


PROTOCOL = Protocol(
    name="P1",
    title="Public classifiers of CIFAR-10",
    question=(
        "What do two ResNets that others trained on the CIFAR-10 training set show of their training images, layer by "
        "layer and with everything together, beside other methods on the same split?"
    ),
    files=(*CIFAR_FILES, *WEIGHTS.values()),
    definition=PublicClassifiers(),
    run=run,
)
