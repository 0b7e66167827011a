"""The demo's story: train a model that remembers, then find out what it remembers, honestly."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from mintcore.audit import audit_dataset
from mintcore.comparison import CompareRequest, compare
from mintcore.datasets.reading import read_pixels, samples
from mintcore.datasets.registration import add_dataset
from mintcore.demo.images import EXTERNAL, MEMBERS, MIXED, OTHER, REFERENCE, write_images
from mintcore.image_audit import audit_images, load_image_auditor, publish_image_audit
from mintcore.library import auditor_row
from mintcore.methods.requests import MethodsRequest
from mintcore.methods.run import run_methods
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import load_model
from mintcore.progress import Reporter
from mintcore.sweep import SweepRequest, sweep
from mintcore.training.accuracy import accuracy_on
from mintcore.training.ground_truth import train_model
from mintcore.training.requests import TrainingRequest
from mintcore.training.settings import ADAMW, TrainingSettings
from store.artefacts import Card, Home

MODEL = "mnist-classifier"
REFERENCE_MODEL = "mnist-classifier-reference"
ARCH = "mintcore:object-cnn-small"
PREPROCESSING = Preprocessing(size=(28, 28), mean=(0.1307,), std=(0.3081,))
TRAINING = TrainingSettings(
    epochs=25,
    batch_size=64,
    learning_rate=4e-3,
    optimiser=ADAMW,
    weight_decay=0.0,
    dropout=0.0,
    label_noise=0.3,
)
MAP_SIDE = 4


@dataclass(frozen=True)
class DemoRequest:
    """What the demo is asked for: nothing of it can be chosen."""


@dataclass(frozen=True)
class Told:
    """What the demo found.

    Attributes:
        model: The audited model, with its accuracy on what it was trained as and on new images.
        sweep: A line for each layer and kind of auditor, against same-source externals.
        together: The line of the auditor that reads all layers together.
        methods: What published methods reach on the same split: ``rows``, and the size of their ``population``.
        comparison: The cells of the comparison of same-source with other-source externals.
        audits: The audits of two images and of one dataset.
    """

    model: dict[str, Any]
    sweep: list[dict[str, Any]]
    together: dict[str, Any]
    methods: dict[str, Any]
    comparison: list[dict[str, Any]]
    audits: list[dict[str, Any]]


def tell(home: Home, *, device: str, reporter: Reporter) -> Told:
    """Run the demo in a home folder; what is there already is reused."""
    _add_datasets(home, reporter)
    model, _ = _train_models(home, device, reporter)
    asked = SweepRequest(MODEL, MEMBERS, EXTERNAL, map_side=MAP_SIDE, reference=REFERENCE_MODEL)
    cards = sweep(home, asked, device=device, reporter=reporter)
    (together,) = sweep(home, replace(asked, kinds=("joint",)), device=device, reporter=reporter)
    methods = run_methods(
        home,
        MethodsRequest(MODEL, MEMBERS, EXTERNAL, (REFERENCE_MODEL,)),
        device=device,
        reporter=reporter,
    )
    chosen = max(cards, key=lambda card: card["validation_auc"])  # never by what is reported
    comparison = compare(
        home,
        CompareRequest(
            MODEL,
            MEMBERS,
            (EXTERNAL, OTHER),
            layer=chosen["layer"],
            kind=chosen["auditor_kind"],
            map_side=MAP_SIDE,
            reference=REFERENCE_MODEL,
        ),
        device=device,
        reporter=reporter,
    )
    images = _audit_two_images(home, chosen, device)
    dataset = audit_dataset(home, chosen["id"], MIXED, device=device, reporter=reporter)
    return Told(
        model=_model_facts(home, model),
        sweep=[auditor_row(card) for card in cards],
        together=auditor_row(together),
        methods={key: methods[key] for key in ("id", "rows", "population")},
        comparison=comparison["cells"],
        audits=[_audit_row(card) for card in (*images, dataset)],
    )


def _train_models(home: Home, device: str, reporter: Reporter) -> list[Card]:
    requests = (
        TrainingRequest(MODEL, ARCH, (MEMBERS, MIXED), PREPROCESSING, "member", TRAINING),
        TrainingRequest(REFERENCE_MODEL, ARCH, (REFERENCE,), PREPROCESSING, "external", TRAINING),
    )
    return [train_model(home, each, device=device, reporter=reporter) for each in requests]


def _add_datasets(home: Home, reporter: Reporter) -> None:
    for name, file in write_images(home).items():
        add_dataset(home, name, f"arrays:{file}", "column:membership", reporter=reporter)


def _audit_two_images(home: Home, auditor: Card, device: str) -> list[Card]:
    """Audit one image that the model was trained on and one that it was not; the auditor has seen neither."""
    loaded = load_image_auditor(home, auditor["id"], device=device)
    found = []
    for membership in ("member", "external"):
        uri = samples(home, MIXED, membership=membership, limit=1).column("uri")[0].as_py()
        (finding,) = audit_images(loaded, [(f"{MIXED}, {membership}", read_pixels(uri))])
        found.append(publish_image_audit(home, loaded, finding))
    return found


def _model_facts(home: Home, card: Card) -> dict[str, Any]:
    trained_on = card["trained_on"]
    loaded = load_model(home, card["id"])
    keys = ("images", "epochs", "label_noise", "wrong_labels", "train_accuracy")
    return {
        "id": card["id"],
        **{key: trained_on[key] for key in keys},
        "external_accuracy": accuracy_on(home, loaded, EXTERNAL, trained_on["classes"]).accuracy,
    }


def _audit_row(card: Card) -> dict[str, Any]:
    keys = ("id", "auditor", "verdict", "tier", "p_value", "meaning")
    row = {key: card[key] for key in keys} | {"kind": card["audit_kind"]}
    if card["audit_kind"] == "image":
        return row | {
            "name": card["name"],
            "score": card["score"],
            "probability": card["probability"],
        }
    figures = ("n_audited", "auc", "auc_ci", "blind_auc", "advantage", "advantage_ci", "share")
    return row | {"name": card["dataset"], **{key: card[key] for key in figures}}


def as_json(told: Told) -> dict[str, Any]:
    """Give the story as JSON values."""
    return asdict(told)
