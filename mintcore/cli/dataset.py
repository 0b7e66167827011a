"""``mint dataset``: register datasets and look at them."""

from typing import Annotated, Any

import typer

from mintcore.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from mintcore.cli.output import fields, show, table
from mintcore.datasets.reading import dataset_card, list_datasets
from mintcore.datasets.registration import add_dataset
from mintcore.datasets.sources import SPELLINGS
from mintcore.datasets.torchvision_sets import fetch
from mintcore.errors import MintError
from mintcore.progress import ConsoleReporter
from store.artefacts import Card, Home

app = typer.Typer(no_args_is_help=True, help="Register datasets and look at them.")

NameArgument = Annotated[str, typer.Argument(help="Name of the dataset.")]


@app.command()
def add(
    name: NameArgument,
    *,
    source: Annotated[
        str,
        typer.Option("--from", help=f"Where the images are: {SPELLINGS}."),
    ],
    membership: Annotated[
        str,
        typer.Option(
            help="Were the images in the model's training data: member, external, unknown, or "
            "column:NAME with one of these (or 1/0, true/false) for each image."
        ),
    ],
    where: Annotated[
        list[str] | None,
        typer.Option(help="COLUMN=VALUE: take only images with that value. May be repeated."),
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Take only the first so many.")] = None,
    download: Annotated[
        bool, typer.Option("--download", help="Fetch a torchvision: source that is not there yet.")
    ] = False,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Register a dataset: every image is read once and known by its pixels from then on.

    Example: mint dataset add train --from arrays:c.npz --membership member --where split=train
    """
    conditions = dict(_condition(text) for text in where or [])
    if download:
        fetch(source)
    with ConsoleReporter() as reporter:
        card = add_dataset(
            Home(home),
            name,
            source,
            membership,
            where=conditions,
            limit=limit,
            reporter=reporter,
        )
    show(card, as_json, lambda: fields(_summary(card)))


@app.command("list")
def list_(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """List the registered datasets.

    Example: mint dataset list
    """
    cards = list_datasets(Home(home))
    rows = [_summary(card) for card in cards]
    columns = ("name", "images", "members", "external", "unknown", "unreadable", "labels")
    show(cards, as_json, lambda: table(rows, {column: column for column in columns}))


@app.command("show")
def show_(name: NameArgument, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Show what a dataset holds and where it came from.

    Example: mint dataset show train
    """
    card = dataset_card(Home(home), name)
    show(card, as_json, lambda: fields(_summary(card)))


def _summary(card: Card) -> dict[str, Any]:
    counts = card["counts"]
    return {
        "name": card["id"],
        "images": counts["total"],
        "members": counts["membership"].get("member", 0),
        "external": counts["membership"].get("external", 0),
        "unknown": counts["membership"].get("unknown", 0),
        "unreadable": counts["status"].get("unreadable", 0),
        "repeated": counts["duplicates"],
        "labels": counts["labels"],
        "identities": counts["identities"],
        "source": card["source"],
        "membership": card["membership"],
        "where": ", ".join(f"{key}={value}" for key, value in card["where"].items()) or None,
        "limit": card["limit"],
        "fingerprint": card["fingerprint"],
        "created": card["created"],
    }


def _condition(text: str) -> tuple[str, str]:
    column, equals, value = text.partition("=")
    if not column or not equals:
        raise MintError(f"--where {text!r} is not a condition: give COLUMN=VALUE.")
    return column, value
