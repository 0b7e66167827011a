"""P2: the object classifier of arXiv 2601.12929, trained here on a random half of a database."""

from dataclasses import dataclass, field

from mintcore.interval_chart import PUBLISHED, Mark
from mintcore.models.layers import OUTPUT, POOLED
from mintcore.protocols.bench import Bench
from mintcore.protocols.data import CIFAR_FILES, GTSRB_FILES
from mintcore.protocols.marks import marks_of
from mintcore.protocols.object_models import (
    CIFAR10,
    GTSRB,
    ObjectTraining,
    Subject,
    train_cifar10,
    train_gtsrb,
)
from mintcore.protocols.protocol import Outcome, Protocol
from mintcore.protocols.steps import (
    Experiment,
    accuracy_of,
    against_methods,
    grouped_finding_of,
    label_signals,
)
from mintcore.protocols.tables import Row

LAST_BLOCK, PENULTIMATE = "block3", "dense"


@dataclass(frozen=True)
class ObjectClassifiers:
    """The definition of P2.

    Attributes:
        objects: The audited models.
        seeds: Networks an auditor.
        queries: How often an image is asked about, augmented, by auditors and by the other methods.
        stresses: How many stressed queries the joint auditor reads besides.
        published_auc: Best AUC of arXiv 2601.12929 over CIFAR-10, CIFAR-100 and GTSRB, at the penultimate layer:
            theirs, on models and splits of their own.
    """

    objects: ObjectTraining = field(default_factory=ObjectTraining)
    seeds: int = 3
    queries: int = 16
    stresses: int = 15
    published_auc: float = 0.72


def run(bench: Bench, definition: ObjectClassifiers) -> Outcome:
    """Audit the classifiers layer by layer, beside the published figure and other methods."""
    outcome = Outcome([], [], [])
    cifar10, gtsrb = (make(bench, definition.objects) for make in (train_cifar10, train_gtsrb))
    for subject, name in ((cifar10, CIFAR10), (gtsrb, GTSRB)):
        rows = _audited(bench, subject, definition)
        outcome.rows.extend(rows)
        outcome.marks.extend(marks_of(name, rows))
        outcome.sentences.append(accuracy_of(bench.home, subject.model))
        outcome.sentences.extend(against_methods(bench.home, rows))
        if name == GTSRB:
            grouped = grouped_finding_of(bench.home, rows, "tracks")
            outcome.sentences.append(f"{subject.model}: {grouped}")
    label = f"{PENULTIMATE}, the best of 2601.12929"
    outcome.marks.append(Mark(CIFAR10, label, PUBLISHED, definition.published_auc))
    outcome.sentences.append(_beside_published(outcome.rows, cifar10.model, definition))
    return outcome


def _audited(bench: Bench, subject: Subject, definition: ObjectClassifiers) -> list[Row]:
    experiment = Experiment(
        subject.model, subject.reference, subject.members, subject.external, definition.seeds
    )
    # the models were trained without augmentation, so that the image as it is says more than the other queries
    once, queries = label_signals(1), label_signals(definition.queries)
    stressed = label_signals(definition.stresses, stressed=True)
    signals = [f"{OUTPUT}/{view}" for view in (once, queries, stressed)]
    sources = (f"*/{POOLED}", *signals)
    experiment.extracted(bench, sources)
    rows = experiment.audited(bench, "all")
    rows += experiment.audited(bench, LAST_BLOCK, "cnn")
    rows += experiment.audited(bench, OUTPUT, view=once)
    rows += experiment.audited(bench, OUTPUT, "queries", view=queries)
    rows += experiment.audited(bench, "all", "fused", sources=sources)
    rows += experiment.audited(bench, "all", "joint", sources=sources)
    return rows + experiment.attacked(bench, [], definition.queries)


def _beside_published(rows: list[Row], model: str, definition: ObjectClassifiers) -> str:
    (ours,) = (line for line in rows if (line["model"], line["layer"]) == (model, PENULTIMATE))
    return (
        f"At the penultimate layer the auditor of {model} reaches an AUC of {ours['auc']:.3f} [{ours['auc_low']:.3f}, "
        f"{ours['auc_high']:.3f}]; arXiv 2601.12929 reports {definition.published_auc:.2f} there as its best over "
        "three databases, on models and splits of its own."
    )


PROTOCOL = Protocol(
    name="P2",
    title="Object classifiers trained on a known half",
    question=(
        "Which layers of the CNN of arXiv 2601.12929, trained here on a random half of CIFAR-10 images and on half of "
        "the tracks of GTSRB, show their training images?"
    ),
    files=(*CIFAR_FILES, *GTSRB_FILES),
    definition=ObjectClassifiers(),
    run=run,
)
