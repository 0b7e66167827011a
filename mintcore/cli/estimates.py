"""What ``--dry-run`` prints: what auditors would take."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mintcore.auditors.requests import SweepRequest
from mintcore.cli.output import show, table
from mintcore.estimates.sweeps import SweepEstimate, estimate_sweep
from mintcore.estimates.wording import basis_of, in_short
from store.artefacts import Home
from store.disk import human_bytes

DryRunOption = Annotated[
    bool,
    typer.Option("--dry-run", help="Say what would be computed and what it takes, and do nothing."),
]


def print_estimate(home: Path, request: SweepRequest, *, as_json: bool) -> None:
    """Print what a sweep would take.

    Raises:
        MintError: A name in the request is unknown.
    """
    found = estimate_sweep(Home(home), request)
    data = {**asdict(found), "bytes": found.bytes, "seconds": found.seconds}
    show(data, as_json, lambda: _print(found))


def _print(found: SweepEstimate) -> None:
    rows = [
        {**asdict(model), "cached": model.cached, "size": human_bytes(model.bytes)}
        for model in found.models
    ]
    table(
        rows,
        {
            "role": "model",
            "images": "images",
            "cached": "cached",
            "compute": "to compute",
            "size": "on disk at most",
        },
    )
    for line in (*in_short(found), *basis_of(found)):
        typer.echo(line)
