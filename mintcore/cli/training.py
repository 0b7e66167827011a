"""``mint model train`` and ``mint model train-references``."""

from dataclasses import replace
from typing import Annotated, Any

import typer

from mintcore.cli.completion import names_of
from mintcore.cli.options import DEFAULT_HOME, DeviceOption, HomeOption, JsonOption, RayOption
from mintcore.cli.output import fields, show, table
from mintcore.cli.preprocessing import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    ColoursOption,
    InterpolationOption,
    MeanOption,
    ResizeOption,
    SizeOption,
    StdOption,
    preprocessing_of,
)
from mintcore.cli.training_options import (
    USUAL,
    AugmentOption,
    BatchSizeOption,
    DropoutOption,
    EmbeddingOption,
    EpochsOption,
    HeadOption,
    LabelNoiseOption,
    LabelSmoothingOption,
    LearningRateOption,
    LearnOption,
    OptimiserOption,
    SeedOption,
    TestOption,
    WeightDecayOption,
)
from mintcore.cli.work import WaitOption, carry_out
from mintcore.training.settings import (
    ARCFACE,
    IDENTITY,
    TrainingSettings,
)
from store.artefacts import Card, Home


def train(
    name: Annotated[str, typer.Argument(help="Name of the new model.")],
    *,
    arch: Annotated[
        str,
        typer.Option(help="As `mint model add` takes it; package.module:factory runs your code."),
    ],
    members: Annotated[
        list[str],
        typer.Option(
            help="Dataset: its images of membership 'member' are trained on. Repeatable.",
            autocompletion=names_of("datasets"),
        ),
    ],
    test: TestOption = None,
    epochs: EpochsOption = None,
    batch_size: BatchSizeOption = None,
    learning_rate: LearningRateOption = None,
    optimiser: OptimiserOption = None,
    weight_decay: WeightDecayOption = None,
    dropout: DropoutOption = None,
    label_noise: LabelNoiseOption = None,
    label_smoothing: LabelSmoothingOption = None,
    augment: AugmentOption = None,
    head: HeadOption = None,
    embedding: EmbeddingOption = None,
    learn: LearnOption = None,
    size: SizeOption = None,
    mean: MeanOption = IMAGENET_MEAN,
    std: StdOption = IMAGENET_STD,
    resize: ResizeOption = None,
    interpolation: InterpolationOption = "bilinear",
    colours: ColoursOption = "RGB",
    seed: SeedOption = None,
    device: DeviceOption = "auto",
    wait: WaitOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    r"""Train an audited model, and record exactly which images it saw. Stopped midway, it goes on when run again.

    Example: mint model train mine --arch mintcore:object-cnn-small --size 28 --mean .1307 --std .3081 \
        --members mnist-members --epochs 2
    """
    from mintcore.models.architectures import head_of
    from mintcore.training.requests import TrainingRequest

    if head is None and head_of(arch) == "embedding":
        head = ARCFACE
    settings = _changed(
        USUAL,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        optimiser=optimiser,
        weight_decay=weight_decay,
        dropout=dropout,
        label_noise=label_noise,
        label_smoothing=label_smoothing,
        augment=augment,
        head=head,
        embedding=embedding,
        learn=learn or (IDENTITY if head else None),
        seed=seed,
    )
    preprocessing = preprocessing_of(
        arch,
        size,
        mean=mean,
        std=std,
        resize=resize,
        interpolation=interpolation,
        colours=colours,
    )
    request = TrainingRequest(
        name, arch, tuple(members), preprocessing, "member", settings, test, allow_code=wait is None
    )
    made = carry_out("train-model", request, home, device=device, wait=wait, as_json=as_json)
    card = Home(home).card("models", made["models"][0])
    show(card, as_json, lambda: fields(_summary(card)))


def train_references(
    name: Annotated[str, typer.Argument(help="The models are called NAME-1, NAME-2, ...")],
    *,
    of: Annotated[
        str,
        typer.Option(
            help="The audited model: they get its architecture and preprocessing and, where it was "
            "trained here, its settings.",
            autocompletion=names_of("models"),
        ),
    ],
    pool: Annotated[
        list[str],
        typer.Option(
            help="Dataset whose images they are trained on. Repeatable.",
            autocompletion=names_of("datasets"),
        ),
    ],
    count: Annotated[int, typer.Option(help="How many models.")] = 4,
    only: Annotated[
        str | None,
        typer.Option(help="Only images of this membership, such as external. Usually all."),
    ] = None,
    test: TestOption = None,
    epochs: EpochsOption = None,
    batch_size: BatchSizeOption = None,
    learning_rate: LearningRateOption = None,
    optimiser: OptimiserOption = None,
    weight_decay: WeightDecayOption = None,
    dropout: DropoutOption = None,
    label_noise: LabelNoiseOption = None,
    label_smoothing: LabelSmoothingOption = None,
    augment: AugmentOption = None,
    head: HeadOption = None,
    learn: LearnOption = None,
    seed: SeedOption = None,
    device: DeviceOption = "auto",
    ray: RayOption = None,
    wait: WaitOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Train reference models, each on a random half of a pool; every image is in half of an even number of them.

    What is not given is as the audited model was trained. Models that are there are not trained again.

    Example: mint model train-references ref --of mine --pool mnist-members --pool mnist-external --count 2
    """
    from mintcore.training.references import ReferenceRequest, settings_like

    settings = _changed(
        settings_like(Home(home).card("models", of)),
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        optimiser=optimiser,
        weight_decay=weight_decay,
        dropout=dropout,
        label_noise=label_noise,
        label_smoothing=label_smoothing,
        augment=augment,
        head=head,
        learn=learn,
        seed=seed,
    )
    request = ReferenceRequest(name, of, tuple(pool), settings, count, only, test)
    made = carry_out(
        "train-references", request, home, device=device, wait=wait, as_json=as_json, ray=ray
    )
    cards = [Home(home).card("models", model) for model in made["models"]]
    columns = ("name", "images", "train_accuracy", "test_accuracy", "fingerprint")
    rows = [_summary(card) for card in cards]
    show(cards, as_json, lambda: table(rows, {column: column for column in columns}))


def _changed(settings: TrainingSettings, **given: Any) -> TrainingSettings:
    """Change what was given on the command line."""
    return replace(settings, **{name: value for name, value in given.items() if value is not None})


def _summary(card: Card) -> dict[str, Any]:
    trained_on = card["trained_on"]
    known_as = "classes" if "classes" in trained_on else "identities"
    return {
        "name": card["id"],
        "architecture": card["arch"],
        "images": trained_on["images"],
        known_as: len(trained_on["classes"]) if known_as == "classes" else trained_on[known_as],
        "wrong_labels": trained_on["wrong_labels"],
        "epochs": trained_on["epochs"],
        "train_accuracy": trained_on["train_accuracy"],
        "test_accuracy": _test(trained_on.get("test")),
        "fingerprint": card["fingerprint"],
    }


def _test(measured: dict[str, Any] | None) -> str | None:
    if measured is None:
        return None
    low, high = measured["accuracy_ci"]
    return (
        f"{measured['accuracy']:.3f} [{low:.3f}, {high:.3f}] on {measured['images']} images of "
        f"{measured['dataset']}"
    )
