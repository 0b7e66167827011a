"""``mint model | dataset | auditor rename``, and ``mint model | dataset | auditor | audit delete``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from mintcore.cli.completion import names_of
from mintcore.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from mintcore.cli.output import show
from mintcore.deletion import Deletion, delete, plan_deletion
from mintcore.dependents import Artefact
from mintcore.titles import LONGEST, read_titles, rename
from store.artefacts import Home, Kind
from store.disk import human_bytes

TitleArgument = Annotated[
    str, typer.Argument(help=f"At most {LONGEST} characters; '' takes the title away.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Delete; without it, only say what.")]


RENAMES: dict[Kind, str] = {
    "models": """Give a model a title that people see beside its name; the name stays.

    Example: mint model rename mnist-classifier 'Made to remember'
    """,
    "datasets": """Give a dataset a title that people see beside its name; the name stays.

    Example: mint dataset rename mnist-mixed 'Half of it was used'
    """,
    "auditors": """Give an auditor a title that people see beside its id; the id stays.

    Example: mint auditor rename AUDITOR 'For the report'
    """,
}
"""Kind of artefact -> what its command ``rename`` says of itself."""
DELETES: dict[Kind, str] = {
    "models": """Delete a model with its stores, auditors, and what these made; without --yes, only list all of it.

    Example: mint model delete mine --yes
    """,
    "datasets": """Delete a dataset with the auditors trained on it and its audits; its images stay where they are.

    Example: mint dataset delete bought --yes
    """,
    "auditors": """Delete an auditor with its audits and comparisons; without --yes, only list them.

    Example: mint auditor delete AUDITOR --yes
    """,
    "audits": """Delete an audit; without --yes, only say what it takes on disk.

    Example: mint audit delete AUDIT --yes
    """,
}
"""Kind of artefact -> what its command ``delete`` says of itself."""


def renaming(kind: Kind) -> Callable[..., None]:
    """Make the command that renames artefacts of a kind."""

    def rename_one(
        name: Annotated[str, _name_argument(kind)],
        title: TitleArgument,
        home: HomeOption = DEFAULT_HOME,
        as_json: JsonOption = False,
    ) -> None:
        kept = rename(Home(home), kind, name, title)
        sentence = f"{name} is called {kept!r}." if kept else f"{name} has no title."
        show({"id": name, "title": kept}, as_json, lambda: typer.echo(sentence))

    rename_one.__doc__ = RENAMES[kind]
    return rename_one


def deleting(kind: Kind) -> Callable[..., None]:
    """Make the command that deletes artefacts of a kind."""

    def delete_one(
        name: Annotated[str, _name_argument(kind)],
        yes: YesOption = False,
        home: HomeOption = DEFAULT_HOME,
        as_json: JsonOption = False,
    ) -> None:
        act = delete if yes else plan_deletion
        deletion = act(Home(home), Artefact(kind, name))
        show(_data(deletion, yes), as_json, lambda: _print(deletion, yes))

    delete_one.__doc__ = DELETES[kind]
    return delete_one


def _name_argument(kind: Kind) -> Any:
    return typer.Argument(
        help="Its name or id, as the list shows it.", autocompletion=names_of(kind)
    )


def titled(
    home: Home, kind: Kind, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Put the titles of artefacts of a kind into a table, beside their names, where people gave any.

    Args:
        home: The home folder.
        kind: The kind.
        rows: A row an artefact, with its ``name``.
        columns: The columns of the table, ``name`` first.

    Returns:
        The rows, and key -> heading of each column.
    """
    titles = read_titles(home).get(kind, {})
    name, *others = columns
    shown = [name, *(["title"] if titles else []), *others]
    return (
        [{**row, "title": titles.get(row["name"])} for row in rows],
        {column: column for column in shown},
    )


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
