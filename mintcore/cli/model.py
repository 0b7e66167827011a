"""``mint model``: register audited models and look at them."""

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from mintcore.cli.options import DEFAULT_HOME, HomeOption, JsonOption, SeedOption
from mintcore.cli.output import fields, show, table
from mintcore.errors import MintError
from mintcore.models.layers import MAP, POOLED, Layer, view_shape
from mintcore.models.preprocessing import Preprocessing
from store.artefacts import Card, Home

app = typer.Typer(no_args_is_help=True, help="Register audited models and look at them.")

_IMAGENET_MEAN = ".485,.456,.406"
_IMAGENET_STD = ".229,.224,.225"
_USUAL_SIZE = {"mintcore": "32", "torchvision": "224"}
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
    size: Annotated[
        str | None,
        typer.Option(
            help="Input size in pixels: 32, or 112x96 for height and width. By default 32 for "
            "mintcore and 224 for torchvision."
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(help="safetensors file or torch checkpoint; without it, fresh weights."),
    ] = None,
    mean: Annotated[
        str, typer.Option(help="Mean of each channel, pixels from 0 to 1: one value for grey.")
    ] = _IMAGENET_MEAN,
    std: Annotated[
        str, typer.Option(help="Standard deviation of each channel, likewise.")
    ] = _IMAGENET_STD,
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

    preprocessing = Preprocessing(_size(size or _usual_size(arch)), _numbers(mean), _numbers(std))
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
    preprocessing = card["preprocessing"]
    return {
        "name": card["id"],
        "architecture": card["arch"],
        "classes": card["num_classes"],
        "parameters": f"{card['parameters']:,}",
        "size": "x".join(map(str, preprocessing["size"])),
        "mean": ", ".join(map(str, preprocessing["mean"])),
        "std": ", ".join(map(str, preprocessing["std"])),
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


def _usual_size(arch: str) -> str:
    family = arch.partition(":")[0]
    if family not in _USUAL_SIZE:
        raise MintError(f"What size of input {arch} takes is not known: give --size.")
    return _USUAL_SIZE[family]


def _size(text: str) -> tuple[int, int]:
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isdecimal() for side in sides):
        raise MintError(f"--size {text!r} is not a size: give pixels, such as 32 or 112x96.")
    return int(sides[0]), int(sides[-1])


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise MintError(
            f"{text!r} is not numbers separated by commas: give .5 or .5,.5,.5."
        ) from error
