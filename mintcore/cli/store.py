"""``mint store info``."""

from typing import Annotated, Any

import typer

from mintcore.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from mintcore.cli.output import show, table
from store.artefacts import Home
from store.feature_store import open_store

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def stores() -> None:
    """The cached feature stores."""


@app.command()
def info(
    name: Annotated[str | None, typer.Argument(help="One store; all of them without it.")] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Say what is in the feature stores: rows, layers, bytes.

    Example: mint store info --json
    """
    cards = [Home(home).card("stores", name)] if name else Home(home).cards("stores")
    found = [open_store(Home(home).folder("stores", card["id"])).info() for card in cards]
    data = {
        "stores": found,
        "rows": sum(store["rows"] for store in found),
        "layers": sum(len(store["layers"]) for store in found),
        "bytes": sum(store["bytes"] for store in found),
    }
    show(data, as_json, lambda: _print(found))


def _print(found: list[dict[str, Any]]) -> None:
    for store in found:
        typer.echo(
            f"{store['id']}: {store['images']} images, {store['failed']} failed, {store['bytes']} bytes"
        )
        columns = {key: key for key in ("layer", "view", "shape", "dtype", "rows", "bytes")}
        table(store["layers"], columns)
    if not found:
        typer.echo("No feature store yet: `mint extract` makes one.")
