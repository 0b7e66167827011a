"""``mint dataset``: register datasets and look at them."""

from typing import Annotated, Any

import typer

from mintcore.cli.completion import names_of
from mintcore.cli.library import titled
from mintcore.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from mintcore.cli.output import fields, show, table
from mintcore.cli.work import WaitOption, carry_out
from mintcore.datasets.near_duplicates import HASH_DISTANCE, SIMILARITY
from mintcore.datasets.reading import dataset_card, list_datasets, samples_file
from mintcore.datasets.registration import add_dataset
from mintcore.datasets.sources import SPELLINGS
from mintcore.datasets.torchvision_sets import fetch
from mintcore.errors import MintError
from mintcore.progress import ConsoleReporter
from store.artefacts import Card, Home
from store.samples import image_sizes

app = typer.Typer(no_args_is_help=True, help="Register datasets and look at them.")

NewNameArgument = Annotated[str, typer.Argument(help="Name of the dataset.")]
NameArgument = Annotated[
    str, typer.Argument(help="Name of the dataset.", autocompletion=names_of("datasets"))
]


@app.command()
def add(
    name: NewNameArgument,
    *,
    source: Annotated[
        str,
        typer.Option("--from", help=f"Where the images are: {SPELLINGS}."),
    ],
    membership: Annotated[
        str,
        typer.Option(
            help="Were the images in the model's training data: member, external, unknown, or "
            "column:NAME with one of these (or 1/0, true/false) for each image, or ledger:FILE or "
            "ledger:model:NAME: what the ledger lists is a member, everything else external."
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
    r"""Register a dataset: every image is read once and known by its pixels from then on.

    Example: mint dataset add bought --from arrays:mint-home/inputs/mnist-mixed.npz --membership unknown --limit 100

    Example: mint dataset add sevens --from arrays:mint-home/inputs/mnist-mixed.npz --membership column:membership \
        --where label=7
    """
    conditions = _conditions(where or [])
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
    columns = ("name", "images", "members", "external", "unknown", "unreadable", "labels")
    listed = titled(Home(home), "datasets", [_summary(card) for card in cards], columns)
    show(cards, as_json, lambda: table(*listed))


@app.command("show")
def show_(name: NameArgument, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Show what a dataset holds and where it came from.

    Example: mint dataset show mnist-members
    """
    card = dataset_card(Home(home), name)
    sizes = image_sizes(samples_file(Home(home), name))
    show({**card, **sizes}, as_json, lambda: fields({**_summary(card), **_sizes(sizes)}))


@app.command()
def overlap(
    first: Annotated[
        str,
        typer.Argument(metavar="A", help="Name of a dataset.", autocompletion=names_of("datasets")),
    ],
    second: Annotated[
        str,
        typer.Argument(
            metavar="B", help="Another one, or the same again.", autocompletion=names_of("datasets")
        ),
    ],
    *,
    distance: Annotated[
        int,
        typer.Option(help="Most bits of 64 in which perceptual hashes of near-duplicates differ."),
    ] = HASH_DISTANCE,
    similarity: Annotated[
        float,
        typer.Option(help="Least correlation of near-duplicates; 0.9 finds crops and edits, too."),
    ] = SIMILARITY,
    limit: Annotated[int, typer.Option(min=0, help="How many examples of each kind.")] = 10,
    wait: WaitOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Find the images that two datasets share, exactly or nearly; or that one holds more than once.

    Example: mint dataset overlap mnist-members mnist-external
    """
    from mintcore.datasets.kept_overlaps import OverlapRequest

    request = OverlapRequest(first, second, distance, similarity, limit)
    made = carry_out("overlap", request, home, device="cpu", wait=wait, as_json=as_json)
    card = Home(home).card("overlaps", made["overlaps"][0])
    show(card, as_json, lambda: _print_overlap(card))


def _print_overlap(card: Card) -> None:
    same = card["a"] == card["b"]
    for side, images, near, unknown in zip(
        [card["a"]] if same else [card["a"], card["b"]],
        card["images"],
        card["near_images"],
        card["unknown"],
        strict=False,
    ):
        typer.echo(f"{side}: {images:,} images, {near:,} of them in {card['near']:,} near pairs")
        if unknown:
            typer.echo(
                f"{side}: {unknown:,} images were not compared: they are of one colour, or were registered by an "
                "earlier version; register these again under another name."
            )
    shared = "rows repeat an earlier image" if same else "images are in both"
    typer.echo(f"{card['exact']:,} {shared}.")
    for example in card["examples"]:
        typer.echo(_in_words(example))


def _in_words(example: dict[str, Any]) -> str:
    how = "exact"
    if example["kind"] == "near":
        mirrored = ", mirrored" if example["mirrored"] else ""
        how = f"near, {example['distance']} bits, similarity {example['similarity']:.3f}{mirrored}"
    sides = [f"{example[f'membership_{side}']} {example[f'uri_{side}']}" for side in "ab"]
    return f"{how}: {' | '.join(sides)}"


def _sizes(sizes: dict[str, int | None]) -> dict[str, Any]:
    if not sizes["sizes"]:
        return {"pixels": None}
    least = f"{sizes['least_width']} x {sizes['least_height']}"
    most = f"{sizes['most_width']} x {sizes['most_height']}"
    return {"pixels": least if least == most else f"{least} to {most}, {sizes['sizes']} sizes"}


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


def _conditions(texts: list[str]) -> dict[str, str]:
    conditions: dict[str, str] = {}
    for column, value in map(_condition, texts):
        if column in conditions:
            raise MintError(
                f"--where names the column {column!r} twice, and no image has two values of it: give one."
            )
        conditions[column] = value
    return conditions


def _condition(text: str) -> tuple[str, str]:
    column, equals, value = text.partition("=")
    if not column or not equals:
        raise MintError(f"--where {text!r} is not a condition: give COLUMN=VALUE.")
    return column, value
