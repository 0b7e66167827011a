"""The root of the ``mint`` command, and where errors become one sentence."""

import sys
from typing import Annotated, Any

import typer

from mintcore.cli import (
    audit,
    auditor_cards,
    auditors,
    dataset,
    demo,
    extraction,
    faces,
    jobs,
    library,
    methods,
    model,
    protocol,
    serving,
    store,
    training,
)
from mintcore.cli.work import INTERRUPTED
from mintcore.errors import PERSON_ERRORS, CancelledError
from mintcore.versions import own_version
from store.artefacts import Kind

BAD_INPUT = 2

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
app.add_typer(jobs.app, name="jobs", help="Long work in the queue: see, follow, steer.")
app.command()(extraction.extract)
app.command()(auditors.train)
app.command()(auditors.sweep)
app.command()(auditors.compare)
app.command()(methods.methods)
app.command()(serving.dashboard)
app.command()(serving.worker)
app.command()(demo.demo)


# typer carries a copy of click and exports only the leaves of its exceptions
_ClickException: type[Exception] = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(own_version())
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and leave."
        ),
    ] = False,
) -> None:
    """Was this image used to train this vision model? Membership inference tests, by experiment."""


def main() -> None:
    """Run the command; bad input gives one sentence on standard error and exit code 2."""
    try:
        code = app(standalone_mode=False)
        if code == INTERRUPTED:  # what typer makes of Ctrl-C, without a word
            raise KeyboardInterrupt
        sys.exit(code)
    except typer.Exit as leaving:
        sys.exit(leaving.exit_code)
    except _ClickException as error:
        _leave(_one_line(error), BAD_INPUT)
    except PERSON_ERRORS as error:
        _leave(str(error), BAD_INPUT)
    except (typer.Abort, KeyboardInterrupt, CancelledError):
        _leave("stopped; what was committed is kept.", INTERRUPTED)


def _one_line(usage_error: Any) -> str:
    return " ".join(str(usage_error.format_message()).split())


def _leave(sentence: str, code: int) -> None:
    typer.echo(f"mint: {sentence}", err=True)
    sys.exit(code)
