"""``mint report``, ``mint report verify`` and ``mint report key``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from mintcore.cli.completion import subjects_of_reports
from mintcore.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from mintcore.cli.output import fields, show
from mintcore.cli.work import WaitOption, carry_out
from store.artefacts import Home

NOT_RELIED_ON = 1
_WRITE = "write"


class _WritesByDefault(TyperGroup):
    """A group whose words are those of ``write`` where no other command is named: ``mint report AUDIT``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put ``write`` before words that begin with no command."""
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = [_WRITE, *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Offer the other commands, and what ``write`` writes on."""
        command = self.commands[_WRITE]
        inner = command.make_context(_WRITE, [], parent=ctx, resilient_parsing=True)
        subjects = command.params[0].shell_complete(inner, incomplete)
        return [*super().shell_complete(ctx, incomplete), *subjects]


app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, cls=_WritesByDefault)


@app.command(_WRITE)
def write(
    subjects: Annotated[
        list[str],
        typer.Argument(
            help="Ids of audits or protocols, or names of sweeps, as `mint sweep` prints them.",
            autocompletion=subjects_of_reports,
        ),
    ],
    formats: Annotated[
        str, typer.Option("--format", help="Of html, pdf, json and csv, separated by commas.")
    ] = "html",
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder; by default 'reports' in the home folder.")
    ] = None,
    wait: WaitOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Write reports to hand on, each one signed file: `mint report AUDIT` is short for it.

    Example: mint report AUDIT --format html,pdf --to handed-on
    """
    from mintcore.reports.writing import ReportRequest

    request = ReportRequest(
        tuple(subjects),
        tuple(form.strip() for form in formats.split(",")),
        None if to is None else str(to.resolve()),
    )
    made = carry_out("report", request, home, device="cpu", wait=wait, as_json=as_json)
    show(made["reports"], as_json, lambda: typer.echo("\n".join(made["reports"])))


@app.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="A report: .html, .pdf, .json or .csv.")],
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            help="Fingerprint of the key that must have signed it, as `mint report key` prints it.",
        ),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Tell whether a report is as it was signed, and by whom; exit code 1 where it cannot be relied on.

    Without --key it must have been signed by the key of the home folder.

    Example: mint report verify handed-on/AUDIT.html
    """
    from mintcore.reports.verification import verify_report

    found = verify_report(file, Home(home), key)
    said = {name: value for name, value in asdict(found).items() if value is not None}
    show(said, as_json, lambda: fields(said))
    raise typer.Exit(0 if found.can_be_relied_on else NOT_RELIED_ON)


@app.command("key")
def key(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Print the public key that reports of this home folder are signed with; tell its fingerprint to who gets them.

    Example: mint report key
    """
    from mintcore.reports.signing import key_fingerprint, public_pem, public_raw, signing_key

    own = signing_key(Home(home))
    said = {"fingerprint": key_fingerprint(public_raw(own)), "public_key": public_pem(own)}
    show(
        said, as_json, lambda: typer.echo(f"{said['fingerprint']}\n{said['public_key']}", nl=False)
    )
