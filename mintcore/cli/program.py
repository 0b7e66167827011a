"""The root of the ``mint`` command, and where errors become one sentence."""

import sys
from typing import Annotated

import click
import typer

from mintcore.cli import audit, auditors, dataset, demo, extraction, jobs, model, serving, store
from mintcore.errors import CancelledError, MintError
from mintcore.versions import own_version
from store.errors import StoreError

BAD_INPUT = 2
INTERRUPTED = 130

app = typer.Typer(
    name="mint",
    help="Was this image used to train this vision model? Membership inference tests, by experiment.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
)
app.add_typer(model.app, name="model", help="Audited models: register, list, look inside.")
app.add_typer(dataset.app, name="dataset", help="Datasets: register, list, look inside.")
app.add_typer(store.app, name="store", help="The cached feature stores.")
app.add_typer(auditors.app, name="auditor", help="Trained auditors: list, look inside.")
app.add_typer(audit.app, name="audit", help="Apply an auditor to images or to a dataset.")
app.add_typer(jobs.app, name="jobs", help="Long work started from the dashboard.")
app.command()(extraction.extract)
app.command()(auditors.train)
app.command()(auditors.sweep)
app.command()(auditors.compare)
app.command()(serving.dashboard)
app.command()(serving.worker)
app.command()(demo.demo)


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.")
    ] = False,
) -> None:
    """Was this image used to train this vision model? Membership inference tests, by experiment."""
    if version:
        typer.echo(own_version())
        raise typer.Exit


def main() -> None:
    """Run the command; bad input gives one sentence on standard error and exit code 2."""
    try:
        sys.exit(app(standalone_mode=False))
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except click.ClickException as error:
        _leave(error.format_message(), BAD_INPUT)
    except (MintError, StoreError) as error:
        _leave(str(error), BAD_INPUT)
    except (click.Abort, KeyboardInterrupt, CancelledError):
        _leave("stopped; what was committed is kept.", INTERRUPTED)


def _leave(sentence: str, code: int) -> None:
    typer.echo(f"mint: {sentence}", err=True)
    sys.exit(code)
