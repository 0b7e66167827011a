"""``mint model | dataset | auditor rename``, and ``mint model | dataset | auditor | audit delete``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from mintcore.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from mintcore.cli.output import show
from mintcore.deletion import Deletion, delete, plan_deletion
from mintcore.dependents import Artefact
from mintcore.titles import LONGEST, rename
from store.artefacts import Home, Kind
from store.disk import human_bytes

NameArgument = Annotated[str, typer.Argument(help="Its name or id, as the list shows it.")]
TitleArgument = Annotated[
    str, typer.Argument(help=f"At most {LONGEST} characters; '' takes the title away.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Delete; without it, only say what.")]


def rename_model(
    name: NameArgument,
    title: TitleArgument,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Give a model a title that people see beside its name; the name stays.

    Example: mint model rename resnet56 'The public ResNet-56'
    """
    _rename(home, "models", name, title, as_json)


def rename_dataset(
    name: NameArgument,
    title: TitleArgument,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Give a dataset a title that people see beside its name; the name stays.

    Example: mint dataset rename bought 'Photos bought in May'
    """
    _rename(home, "datasets", name, title, as_json)


def rename_auditor(
    name: NameArgument,
    title: TitleArgument,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Give an auditor a title that people see beside its id; the id stays.

    Example: mint auditor rename resnet56.layer3.8.vanilla.0123456789 'For the report'
    """
    _rename(home, "auditors", name, title, as_json)


def delete_model(
    name: NameArgument,
    yes: YesOption = False,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Delete a model with its stores, auditors, and what these made; without --yes, only list all of it.

    Example: mint model delete old-net --yes
    """
    _delete(home, "models", name, yes, as_json)


def delete_dataset(
    name: NameArgument,
    yes: YesOption = False,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Delete a dataset with the auditors trained on it and its audits; its images stay where they are.

    Example: mint dataset delete bought --yes
    """
    _delete(home, "datasets", name, yes, as_json)


def delete_auditor(
    name: NameArgument,
    yes: YesOption = False,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Delete an auditor with its audits and comparisons; without --yes, only list them.

    Example: mint auditor delete resnet56.layer3.8.vanilla.0123456789 --yes
    """
    _delete(home, "auditors", name, yes, as_json)


def delete_audit(
    name: NameArgument,
    yes: YesOption = False,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Delete an audit; without --yes, only say what it takes on disk.

    Example: mint audit delete dataset-0123456789ab --yes
    """
    _delete(home, "audits", name, yes, as_json)


def _rename(home: Path, kind: Kind, name: str, title: str, as_json: bool) -> None:
    kept = rename(Home(home), kind, name, title)
    sentence = f"{name} is called {kept!r}." if kept else f"{name} has no title."
    show({"id": name, "title": kept}, as_json, lambda: typer.echo(sentence))


def _delete(home: Path, kind: Kind, name: str, yes: bool, as_json: bool) -> None:
    act = delete if yes else plan_deletion
    deletion = act(Home(home), Artefact(kind, name))
    show(_data(deletion, yes), as_json, lambda: _print(deletion, yes))


def _data(deletion: Deletion, deleted: bool) -> dict[str, Any]:
    going = [{**each.artefact._asdict(), "bytes": each.bytes} for each in deletion.going]
    uploads = [str(file) for file in deletion.uploads]
    others = {"uploads": uploads, "bytes": deletion.bytes, "deleted": deleted}
    return {**asdict(deletion), "going": going, **others}


def _print(deletion: Deletion, deleted: bool) -> None:
    for each in deletion.going:
        typer.echo(f"{human_bytes(each.bytes):>10}  {each.artefact.kind}/{each.artefact.id}")
    for file in deletion.uploads:
        typer.echo(f"{'':>10}  {file}")
    for sentence in deletion.staying:
        typer.echo(sentence)
    words = "were deleted" if deleted else "would be deleted: --yes does it"
    typer.echo(f"{len(deletion.going)} artefacts, {human_bytes(deletion.bytes)}, {words}.")
