"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from mintcore import settings

HomeOption = Annotated[
    Path,
    typer.Option(
        "--home",
        envvar=settings.HOME_VARIABLE,
        help="Folder that holds models, datasets, stores, auditors and audits.",
        file_okay=False,
        show_default=True,
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on standard output, nothing else.")
]
DeviceOption = Annotated[
    str,
    typer.Option("--device", help="auto, cpu, cuda or cuda:N. 'auto' takes a GPU where one is."),
]
RayOption = Annotated[
    str | None,
    typer.Option(
        "--ray",
        envvar=settings.RAY.name,
        help="Spread the work over workers: local, local:N for N of them on this machine, or the address of a Ray "
        "cluster. Without it, all is done in one process.",
        show_default=False,
    ),
]
SeedOption = Annotated[int, typer.Option("--seed", help="Seed of splits and initial weights.")]

DEFAULT_HOME = settings.DEFAULT_HOME
