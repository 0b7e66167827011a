"""``mint model``: register audited models and look at them."""

import math
from pathlib import Path
from typing import Annotated, Any

import typer

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
from mintcore.models.layers import MAP, POOLED, Layer, view_shape
from mintcore.models.preprocessing import Preprocessing
from store.artefacts import Card, Home

app = typer.Typer(no_args_is_help=True, help="Register audited models and look at them.")

_BYTES_A_VALUE = 2  # float16, as stores keep it

NameArgument = Annotated[str, typer.Argument(help="Name of the model.")]


@app.command()
def add(
    name: NameArgument,
    *,
    arch: Annotated[
        str,
        typer.Option(
            help="torchvision:NAME, mintcore:NAME, or package.module:factory (runs your code)."
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
        int | None, typer.Option(help="Width of the output; read off the weights if not given.")
    ] = None,
    seed: SeedOption = 0,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Register an audited model from its weights.

    Example: mint model add r56 --arch mintcore:resnet56-cifar --weights r56.safetensors
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
        seed=seed,
    )
    show(card, as_json, lambda: fields(_summary(card)))


@app.command("list")
def list_(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """List the registered models.

    Example: mint model list
    """
    cards = Home(home).cards("models")
    rows = [_summary(card) for card in cards]
    columns = ("name", "architecture", "classes", "parameters", "size", "layers")
    show(cards, as_json, lambda: table(rows, {column: column for column in columns}))


@app.command("show")
def show_(name: NameArgument, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Show what a model is and what it was made from.

    Example: mint model show resnet56
    """
    card = Home(home).card("models", name)
    show(card, as_json, lambda: fields(_summary(card)))


@app.command()
def layers(
    name: NameArgument,
    map_side: Annotated[
        int, typer.Option(min=1, help="Maps are pooled to at most this many cells a side.")
    ] = 8,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """List the suggested layers of a model, with the bytes an image takes in each view.

    Example: mint model layers resnet56
    """
    card = Home(home).card("models", name)
    rows = [_layer_row(Layer.from_json(values), map_side) for values in card["layers"]]
    columns = {
        "name": "layer",
        "kind": "kind",
        "size": "shape",
        "pooled_bytes": "pooled, bytes an image",
        "map_bytes": "map, bytes an image",
    }
    printed = [row | {"size": " x ".join(map(str, row["shape"]))} for row in rows]
    show(rows, as_json, lambda: table(printed, columns))


def _summary(card: Card) -> dict[str, Any]:
    preprocessing = Preprocessing.from_json(card["preprocessing"])
    return {
        "name": card["id"],
        "architecture": card["arch"],
        "classes": card["num_classes"],
        "parameters": f"{card['parameters']:,}",
        "size": "x".join(map(str, preprocessing.size)),
        "resize": preprocessing.resize or "largest centred part",
        "interpolation": preprocessing.interpolation,
        "colours": preprocessing.colours if preprocessing.channels == 3 else "grey",
        "mean": ", ".join(map(str, preprocessing.mean)),
        "std": ", ".join(map(str, preprocessing.std)),
        "layers": len(card["layers"]),
        "fingerprint": card["fingerprint"],
        "created": card["created"],
    }


def _layer_row(layer: Layer, map_side: int) -> dict[str, Any]:
    return layer.to_json() | {
        f"{view}_bytes": _bytes(view_shape(layer, view, map_side)) for view in (POOLED, MAP)
    }


def _bytes(shape: tuple[int, ...] | None) -> int | None:
    if shape is None:
        return None
    return math.prod(shape) * _BYTES_A_VALUE
