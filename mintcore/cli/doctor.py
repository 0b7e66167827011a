"""``mint doctor``."""

from collections import Counter
from dataclasses import asdict

import typer

from mintcore.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from mintcore.cli.output import show
from mintcore.counted import counted
from mintcore.doctor.finding import Finding

_NAME_WIDTH = 24


def doctor(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Say what works here and what does not, and how to mend it; exit code 1 where something does not.

    Example: mint doctor
    """
    from mintcore.doctor.examination import examine

    found = []
    for name, finding in examine(home):
        found.append({"name": name, **asdict(finding)})
        if not as_json:
            _print(name, finding)
    states = Counter(str(each["state"]) for each in found)
    show({"checks": found, "counts": dict(states)}, as_json, lambda: typer.echo(_summary(states)))
    raise typer.Exit(1 if states["failed"] else 0)


def _print(name: str, finding: Finding) -> None:
    typer.echo(f"{finding.state:<8} {name:<{_NAME_WIDTH}} {finding.found}")
    if finding.mend:
        typer.echo(f"{'':<8} {'':<{_NAME_WIDTH}} -> {finding.mend}")


def _summary(states: Counter[str]) -> str:
    if not states["failed"] and not states["warning"]:
        return "\nAll is well."
    warned = counted(states["warning"], "warning")
    if not states["failed"]:
        return f"\nAll that is needed works; {warned}."
    return f"\n{states['failed']} failed, {warned}: mend what failed first."
