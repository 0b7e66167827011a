"""``mint model``: register audited models and look at them."""

import textwrap
from pathlib import Path
from typing import Annotated, Any

import typer

from mintcore.cli.completion import names_of
from mintcore.cli.layers import layer_rows, print_layers
from mintcore.cli.library import titled
from mintcore.cli.options import DEFAULT_HOME, HomeOption, JsonOption, SeedOption
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
from mintcore.errors import MintError
from mintcore.library import model_origin
from mintcore.models.heads import CLASSIFIER, HEADS, Head, head_of
from mintcore.models.layers import Layer
from mintcore.models.precision import AUTOCASTS, Autocast
from mintcore.models.preprocessing import Preprocessing
from store.artefacts import Card, Home

app = typer.Typer(no_args_is_help=True, help="Register audited models and look at them.")

_CLASSES_CHARACTERS = 70

NewNameArgument = Annotated[str, typer.Argument(help="Name of the model.")]
NameArgument = Annotated[
    str, typer.Argument(help="Name of the model.", autocompletion=names_of("models"))
]


@app.command()
def add(
    name: NewNameArgument,
    *,
    arch: Annotated[
        str,
        typer.Option(
            help="torchvision:NAME, timm:NAME, mintcore:NAME, export:FILE.pt2 for a torch.export "
            "program with its weights, or package.module:factory (runs your code)."
        ),
    ],
    size: SizeOption = None,
    weights: Annotated[
        Path | None,
        typer.Option(help="safetensors file or torch checkpoint; without it, fresh weights."),
    ] = None,
    mean: MeanOption = IMAGENET_MEAN,
    std: StdOption = IMAGENET_STD,
    resize: ResizeOption = None,
    interpolation: InterpolationOption = "bilinear",
    colours: ColoursOption = "RGB",
    num_classes: Annotated[
        int | None,
        typer.Option(
            help="Width of the output; read off the weights if not given. Face networks have none."
        ),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(
            help="Names of the classes in the order of the output: a text file with one a line, or "
            "cat,dog,horse."
        ),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option(
            help=f"What the output is, {' or '.join(HEADS)}; by default an embedding for the face "
            "networks of mintcore."
        ),
    ] = None,
    autocast: Annotated[
        str | None,
        typer.Option(help="Run the model in bfloat16 or float16; by default as its weights are."),
    ] = None,
    seed: SeedOption = 0,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    r"""Register an audited model from its weights.

    Example: mint model add copy --arch mintcore:object-cnn-small --size 28 --mean .1307 --std .3081 \
        --weights mint-home/models/mnist-classifier/weights.safetensors
    """
    from mintcore.models.registration import add_model

    preprocessing = preprocessing_of(
        arch,
        size,
        mean=mean,
        std=std,
        resize=resize,
        interpolation=interpolation,
        colours=colours,
    )
    card = add_model(
        Home(home),
        name,
        arch,
        weights,
        preprocessing,
        allow_code=True,
        num_classes=num_classes,
        head=None if head is None else _head(head),
        classes=None if classes is None else _class_names(classes),
        autocast=None if autocast is None else _autocast(autocast),
        seed=seed,
    )
    show(card, as_json, lambda: fields(_summary(card)))


@app.command("list")
def list_(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """List the registered models.

    Example: mint model list
    """
    cards = Home(home).cards("models")
    columns = ("name", "architecture", "output", "parameters", "size", "layers")
    listed = titled(Home(home), "models", [_summary(card) for card in cards], columns)
    show(cards, as_json, lambda: table(*listed))


@app.command("show")
def show_(name: NameArgument, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Show what a model is and what it was made from.

    Example: mint model show mnist-classifier
    """
    card = Home(home).card("models", name)
    show(card, as_json, lambda: fields(_summary(card)))


@app.command()
def layers(
    name: NameArgument,
    map_side: Annotated[
        int, typer.Option(min=1, help="Maps are pooled to at most this many cells a side.")
    ] = 8,
    every: Annotated[
        bool, typer.Option("--all", help="Every layer that can be tapped, not the suggested only.")
    ] = False,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """List layers that can be tapped: bytes an image takes in each view, cost of computing so far.

    Suggested ones have a role: the end of a stage, a block, the embedding ... A multiply-add is two
    FLOPs. The views std and max take what pooled takes.

    Example: mint model layers mnist-classifier
    """
    rows = layer_rows(_layers(Home(home), name, every=every), map_side)
    show(rows, as_json, lambda: print_layers(rows))


def _layers(home: Home, name: str, *, every: bool) -> list[Layer]:
    if not every:
        return [Layer.from_json(values) for values in home.card("models", name)["layers"]]
    from mintcore.models.registration import load_model
    from mintcore.models.taps import all_layers

    return all_layers(load_model(home, name))


def _summary(card: Card) -> dict[str, Any]:
    preprocessing = Preprocessing.from_json(card["preprocessing"])
    names = card.get("classes")
    return {
        "name": card["id"],
        "architecture": card["arch"],
        "output": _output(card),
        "classes": None if names is None else _shortened(", ".join(names)),
        "parameters": f"{card['parameters']:,}",
        "size": "x".join(map(str, preprocessing.size)),
        "resize": preprocessing.resize or "largest centred part",
        "interpolation": preprocessing.interpolation,
        "colours": preprocessing.colours if preprocessing.channels == 3 else "grey",
        "mean": ", ".join(map(str, preprocessing.mean)),
        "std": ", ".join(map(str, preprocessing.std)),
        "precision": card.get("autocast") or "as its weights",
        "layers": len(card["layers"]),
        "made from": model_origin(card),
        "fingerprint": card["fingerprint"],
        "created": card["created"],
    }


def _output(card: Card) -> str:
    if head_of(card) == CLASSIFIER:
        return f"{card['num_classes']} classes"
    return f"embedding of {card['embedding_size']}"


def _shortened(text: str) -> str:
    return textwrap.shorten(text, _CLASSES_CHARACTERS, placeholder=" ...")


def _head(text: str) -> Head:
    for head in HEADS:
        if text == head:
            return head
    raise MintError(f"--head {text!r} is not known: give {' or '.join(HEADS)}.")


def _autocast(text: str) -> Autocast:
    for precision in AUTOCASTS:
        if text == precision:
            return precision
    raise MintError(f"--autocast {text!r} is not known: give {' or '.join(AUTOCASTS)}.")


def _class_names(text: str) -> list[str]:
    """Read names of classes: the lines of a file, or the text itself, separated by commas."""
    file = Path(text)
    try:
        given = file.read_text(encoding="utf-8").splitlines() if file.is_file() else text.split(",")
    except (OSError, UnicodeDecodeError) as error:
        raise MintError(f"{file} is not a readable text file ({error}): save it again.") from error
    return [name.strip() for name in given if name.strip()]
