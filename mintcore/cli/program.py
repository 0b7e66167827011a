"""The root of the ``mint`` command, and where errors become one sentence."""

import sys
from typing import Annotated, Any

import typer
import typer.main

from mintcore.cli import (
    audit,
    auditor_cards,
    auditors,
    dataset,
    demo,
    doctor,
    extraction,
    faces,
    jobs,
    library,
    methods,
    model,
    protocol,
    reports,
    serving,
    store,
    training,
)
from mintcore.cli.examples import keep_examples
from mintcore.cli.streams import settle_streams
from mintcore.errors import MintError
from mintcore.failures import BAD_INPUT, INTERRUPTED, ask_for_tracebacks, report
from mintcore.versions import own_version
from store.artefacts import Kind

app = typer.Typer(
    name="mint",
    help="Was this image used to train this vision model? Membership inference tests, by experiment.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
)
model.app.command()(faces.pairs)
model.app.command()(training.train)
model.app.command()(training.train_references)
_OF_KIND: dict[Kind, typer.Typer] = {
    "models": model.app,
    "datasets": dataset.app,
    "auditors": auditor_cards.app,
    "audits": audit.app,
}
for _kind in library.RENAMES:
    _OF_KIND[_kind].command("rename")(library.renaming(_kind))
for _kind in library.DELETES:
    _OF_KIND[_kind].command("delete")(library.deleting(_kind))
app.add_typer(model.app, name="model", help="Audited models: register, list, look inside.")
app.add_typer(dataset.app, name="dataset", help="Datasets: register, list, look inside.")
app.add_typer(store.app, name="store", help="The cached feature stores.")
app.add_typer(
    auditor_cards.app, name="auditor", help="Trained auditors: list, look inside, choose a default."
)
app.add_typer(audit.app, name="audit", help="Apply an auditor to images or to a dataset.")
app.add_typer(
    protocol.app, name="protocol", help="The experiments of the evaluation, and their results."
)
app.add_typer(
    reports.app, name="report", help="Reports to hand on: one signed file each, and their check."
)
app.add_typer(jobs.app, name="jobs", help="Long work in the queue: see, follow, steer.")
app.command()(extraction.extract)
app.command()(auditors.train)
app.command()(auditors.sweep)
app.command()(auditors.compare)
app.command()(methods.methods)
app.command()(serving.dashboard)
app.command()(serving.worker)
app.command()(demo.demo)
app.command()(doctor.doctor)


def command() -> Any:
    """Make the whole command. An example is printed as it is written, so that it can be pasted."""
    made = typer.main.get_command(app)
    keep_examples(made)
    return made


# typer carries a copy of click and exports only the leaves of its exceptions
_ClickException: type[Exception] = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(own_version())
        raise typer.Exit


def _debug(wanted: bool) -> None:
    if wanted:
        ask_for_tracebacks()


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and leave."
        ),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug",
            callback=_debug,
            is_eager=True,
            help="Show where an error was: its traceback.",
        ),
    ] = False,
) -> None:
    """Was this image used to train this vision model? Membership inference tests, by experiment."""


def main() -> None:
    """Run the command; what goes wrong is one sentence on standard error, and an exit code."""
    settle_streams()
    try:
        code = command()(prog_name="mint", standalone_mode=False)
        if code == INTERRUPTED:  # what typer makes of Ctrl-C, without a word
            raise KeyboardInterrupt
    except _ClickException as error:
        code = _refuse(error)
    except typer.Abort:
        code = report(KeyboardInterrupt(), _tell)
    except (Exception, KeyboardInterrupt) as error:
        code = report(error, _tell)
    sys.exit(code)


def _refuse(usage_error: Any) -> int:
    """Say what is wrong with a command line in one sentence; one of only a group's name asks for help."""
    said = str(usage_error.format_message())
    if type(usage_error).__name__ == "NoArgsIsHelpError":  # which typer does not export
        typer.echo(said, err=True)
        return BAD_INPUT
    return report(MintError(" ".join(said.split())), _tell)


def _tell(sentence: str) -> None:
    typer.echo(f"mint: {sentence}", err=True)
