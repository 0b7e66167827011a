"""The options of commands that train auditors, or run other methods on their split."""

from typing import Annotated

import typer

from mintcore.auditors import KIND_WORDS
from mintcore.cli.completion import kind_names, names_of

KINDS = ", ".join(KIND_WORDS)

MembersOption = Annotated[
    str,
    typer.Option(
        "--members",
        help="Dataset with images of membership 'member'.",
        autocompletion=names_of("datasets"),
    ),
]
ExternalOption = Annotated[
    str,
    typer.Option(
        "--external",
        help="Dataset with images of membership 'external'.",
        autocompletion=names_of("datasets"),
    ),
]
ModelArgument = Annotated[
    str, typer.Argument(help="Name of the audited model.", autocompletion=names_of("models"))
]
ReferenceOption = Annotated[
    str | None,
    typer.Option(
        "--reference",
        help="A trained model that never saw the members: a blind baseline.",
        autocompletion=names_of("models"),
    ),
]
MapSideOption = Annotated[
    int, typer.Option("--map-side", help="Side of the maps that a CNN reads.")
]
OverlapOption = Annotated[
    bool,
    typer.Option(
        "--allow-overlap",
        help="Go on where members and externals overlap: the same images are left out of both, "
        "near-duplicates are kept on one side of the split. It is recorded on the auditor's card.",
    ),
]
KindOption = Annotated[
    str, typer.Option("--kind", help=f"One of {KINDS}.", autocompletion=kind_names)
]
SeedsOption = Annotated[
    int, typer.Option("--seeds", help="Networks of each auditor; an image's score is their mean.")
]
ViewOption = Annotated[
    str | None,
    typer.Option(
        "--view", help="What is read of a layer, such as pooled-q10: see docs/extraction.md."
    ),
]
SourcesOption = Annotated[
    str,
    typer.Option(
        "--sources",
        help="What a joint or fused auditor reads: layer/view each, separated by commas; layers may be globs.",
    ),
]
TuneOption = Annotated[
    int | None,
    typer.Option(
        "--tune",
        help="Search learning rate, weight decay and batch size in so many trials, on the validation part alone "
        "(needs Optuna: pip install 'mint-workbench[tune]').",
    ),
]
