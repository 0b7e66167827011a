"""The options of commands that train models."""

from typing import Annotated

import typer

from mintcore.cli.completion import names_of
from mintcore.training.settings import (
    ARCFACE,
    AUGMENTATIONS,
    CLASSES,
    HEADS,
    IDENTITY,
    OPTIMISERS,
    TrainingSettings,
)

USUAL = TrainingSettings()
"""What holds where an option is left out."""

EpochsOption = Annotated[
    int | None, typer.Option(help=f"Passes over the images. Usually {USUAL.epochs}.")
]
BatchSizeOption = Annotated[
    int | None, typer.Option(help=f"Images a step. Usually {USUAL.batch_size}.")
]
LearningRateOption = Annotated[
    float | None,
    typer.Option(help=f"Peak of the one-cycle schedule. Usually {USUAL.learning_rate}."),
]
OptimiserOption = Annotated[
    str | None,
    typer.Option(help=f"{' or '.join(OPTIMISERS)}. Usually {USUAL.optimiser}, with momentum."),
]
WeightDecayOption = Annotated[
    float | None, typer.Option(help=f"Of all weights. Usually {USUAL.weight_decay}.")
]
DropoutOption = Annotated[
    float | None,
    typer.Option(help="Rate of all dropout layers. Usually as the architecture has them."),
]
LabelNoiseOption = Annotated[
    float | None,
    typer.Option(help="Share of images that get a wrong label, at random. Usually 0."),
]
LabelSmoothingOption = Annotated[
    float | None, typer.Option(help="Share of the target spread over all classes. Usually 0.")
]
AugmentOption = Annotated[
    str | None,
    typer.Option(
        help=f"Of {', '.join(AUGMENTATIONS)}: mirror at random; also crop after a black border of "
        f"an eighth of the side. Usually {USUAL.augment}."
    ),
]
HeadOption = Annotated[
    str | None,
    typer.Option(
        help=f"{' or '.join(HEADS)}: train a face model, whose output is an embedding. Usually "
        f"{ARCFACE} for face networks, and none for others, which are classifiers."
    ),
]
EmbeddingOption = Annotated[
    int | None,
    typer.Option(help="Width of the embedding, where the architecture leaves it open."),
]
LearnOption = Annotated[
    str | None,
    typer.Option(
        help=f"Column to learn: {' or '.join(CLASSES)}. Usually {IDENTITY} with a head, label "
        "without."
    ),
]
SeedOption = Annotated[
    int | None, typer.Option(help="Seed of weights, order, augmentation and noise. Usually 0.")
]
TestOption = Annotated[
    str | None,
    typer.Option(
        "--test",
        help="Held-out dataset: its accuracy is measured and recorded.",
        autocompletion=names_of("datasets"),
    ),
]
