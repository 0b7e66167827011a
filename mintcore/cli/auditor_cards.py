"""``mint auditor``."""

from typing import Annotated, Any

import typer

from mintcore.cli.completion import names_of
from mintcore.cli.findings import AUC_HEADING, in_words
from mintcore.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from mintcore.cli.output import fields, show, table
from mintcore.defaults import default_auditor, demote, promote
from mintcore.library import auditor_row, auditor_rows
from store.artefacts import Home

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_auditors(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """List the auditors with their figures, oldest first.

    Example: mint auditor list
    """
    rows = auditor_rows(Home(home))
    columns = {"auditor": "id", "external": "external", "auc": AUC_HEADING, "tier": "tier"}
    show(rows, as_json, lambda: table([in_words(row) for row in rows], columns))


@app.command("show")
def show_auditor(
    auditor: Annotated[
        str, typer.Argument(help="Id of an auditor.", autocompletion=names_of("auditors"))
    ],
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Show the card of an auditor: what it was made from, its figures, its blind baselines.

    Example: mint auditor show AUDITOR
    """
    card = Home(home).card("auditors", auditor)
    row = auditor_row(card)
    said = {
        **row,
        "overlap": _overlap(card),
        "settings": _settings(card),
        "meaning": card["meaning"],
    }
    show(card, as_json, lambda: fields(said))


@app.command("default")
def default(
    auditor: Annotated[
        str | None,
        typer.Argument(
            help="Id of the auditor to offer first; none to say which it is.",
            autocompletion=names_of("auditors"),
        ),
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Have no default any more.")] = False,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Say which auditor the pages offer first, or choose it.

    Example: mint auditor default AUDITOR
    """
    if auditor is not None and clear:
        raise typer.BadParameter("Give an auditor or --clear, not both.")
    if auditor is not None:
        promote(Home(home), auditor)
    elif clear:
        demote(Home(home))
    chosen = default_auditor(Home(home))
    none = "There is no default auditor: the pages offer the best evidence first."
    show({"auditor": chosen}, as_json, lambda: typer.echo(chosen or none))


def _overlap(card: dict[str, Any]) -> str | None:
    """Say what members and externals had in common; cards of earlier versions do not know."""
    counts = card.get("overlap")
    return counts and ", ".join(f"{name.replace('_', ' ')}: {counts[name]}" for name in counts)


def _settings(card: dict[str, Any]) -> str:
    """Say how an auditor was fitted, and whether that was searched for."""
    listed = ", ".join(
        f"{name.replace('_', ' ')} {value:.3g}" for name, value in card["settings"].items()
    )
    search = card.get("search")  # earlier versions searched nothing
    if not search:
        return listed
    return f"{listed} (of {len(search['trials'])} tried, the best on the validation part)"
