"""``mint protocol``: the experiments of the evaluation, each with a fixed definition."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mintcore.cli.options import DEFAULT_HOME, DeviceOption, HomeOption, JsonOption
from mintcore.cli.output import show, table
from mintcore.cli.work import WaitOption, carry_out
from mintcore.protocols.reading import protocol_rows
from mintcore.protocols.results import defined, results_page, shown, write_results
from store.artefacts import Card, Home

NOT_AS_EXPECTED = 1

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

DataOption = Annotated[
    Path,
    typer.Option("--data", help="Folder with the images and weights: see docs/protocols.md."),
]


@app.command("P1")
def public_classifiers(
    data: DataOption,
    device: DeviceOption = "auto",
    wait: WaitOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Audit public classifiers of CIFAR-10, with other methods beside the auditors.

    Example: mint protocol P1 --data data
    """
    _run("P1", data, home, device=device, wait=wait, as_json=as_json)


@app.command("P2")
def object_classifiers(
    data: DataOption,
    device: DeviceOption = "auto",
    wait: WaitOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Audit the CNN of arXiv 2601.12929, trained here on a known half, layer by layer.

    Example: mint protocol P2 --data data
    """
    _run("P2", data, home, device=device, wait=wait, as_json=as_json)


@app.command("P3")
def faces(
    data: DataOption,
    device: DeviceOption = "auto",
    wait: WaitOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Audit a face model that was trained here, with three kinds of externals.

    Example: mint protocol P3 --data data
    """
    _run("P3", data, home, device=device, wait=wait, as_json=as_json)


@app.command("P4")
def shift_trap(
    data: DataOption,
    device: DeviceOption = "auto",
    wait: WaitOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Lay the trap of dataset shift; exit code 1 where a tier is not the honest one.

    Example: mint protocol P4 --data data
    """
    _run("P4", data, home, device=device, wait=wait, as_json=as_json)


@app.command()
def results(
    to: Annotated[
        Path | None,
        typer.Option(help="Folder for results.md and its charts; without it the page is printed."),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Write the page of results, from the newest table of each protocol in the home folder.

    Example: mint protocol results --to docs
    """
    if to is None:
        typer.echo(results_page(Home(home)), nl=False)
    else:
        typer.echo(f"{write_results(Home(home), to)} is written.")


def _run(
    name: str, data: Path, home: Path, *, device: str, wait: bool | None, as_json: bool
) -> None:
    from mintcore.protocols.registry import ProtocolRequest

    request = ProtocolRequest(name, str(data.resolve()))
    made = carry_out("protocol", request, home, device=device, wait=wait, as_json=as_json)
    card = Home(home).card("protocols", made["protocols"][0])
    rows = protocol_rows(Home(home), card["id"])
    show({**card, "rows": rows}, as_json, lambda: _print(Home(home), card, rows))
    for failure in card["failures"]:
        typer.echo(f"mint: {failure}", err=True)
    if card["failures"]:
        raise typer.Exit(NOT_AS_EXPECTED)


def _print(home: Home, card: Card, rows: list[dict[str, Any]]) -> None:
    typer.echo(f"{card['protocol']}: {card['title']}\n{card['question']}\n")
    for line in defined(card):
        typer.echo(f"  {line}")
    typer.echo()
    columns, lines = shown(rows)
    table(lines, columns)
    for sentence in card["sentences"]:
        typer.echo(f"\n{sentence}")
    typer.echo(
        f"\n{home.folder('protocols', card['id'])} has the table as JSON and CSV, and a chart."
    )
