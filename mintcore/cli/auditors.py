"""``mint train``, ``mint sweep`` and ``mint compare``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from mintcore.cli.auditor_options import (
    KINDS,
    ExternalOption,
    KindOption,
    MapSideOption,
    MembersOption,
    ModelArgument,
    OverlapOption,
    ReferenceOption,
    SeedsOption,
    SourcesOption,
    TuneOption,
    ViewOption,
)
from mintcore.cli.completion import kind_names, layer_names, names_of
from mintcore.cli.estimates import DryRunOption, print_estimate
from mintcore.cli.findings import print_comparison, print_sweep
from mintcore.cli.options import (
    DEFAULT_HOME,
    DeviceOption,
    HomeOption,
    JsonOption,
    RayOption,
    SeedOption,
)
from mintcore.cli.output import show
from mintcore.cli.work import WaitOption, carry_out
from mintcore.library import auditor_row
from store.artefacts import Card, Home


def train(
    model: ModelArgument,
    members: MembersOption,
    external: ExternalOption,
    layer: Annotated[
        str,
        typer.Option(
            "--layer", help="One layer: see `mint model layers`.", autocompletion=layer_names
        ),
    ] = "output",
    kind: KindOption = "vanilla",
    view: ViewOption = None,
    sources: SourcesOption = "",
    reference: ReferenceOption = None,
    map_side: MapSideOption = 8,
    seed: SeedOption = 0,
    seeds: SeedsOption = 3,
    allow_overlap: OverlapOption = False,
    tune: TuneOption = None,
    dry_run: DryRunOption = False,
    device: DeviceOption = "auto",
    ray: RayOption = None,
    wait: WaitOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Train one auditor, beside its blind baselines.

    Example: mint train mnist-classifier --members mnist-members --external mnist-external --layer dense --kind linear

    Example: mint train mnist-classifier --members mnist-members --external mnist-external --layer output --tune 2
    """
    from mintcore.auditors.requests import SweepRequest

    request = SweepRequest(
        model=model,
        members=members,
        external=external,
        layers=layer,
        kinds=(kind,),
        view=view,
        sources=_names(sources),
        map_side=map_side,
        reference=reference,
        seed=seed,
        seeds=seeds,
        allow_overlap=allow_overlap,
    )
    if dry_run:
        print_estimate(home, request, as_json=as_json)
        return
    if tune is None:
        made = carry_out("train", request, home, device=device, wait=wait, as_json=as_json, ray=ray)
    else:
        from mintcore.search import TuneRequest

        tuned = TuneRequest(request, tune)
        made = carry_out("tune", tuned, home, device=device, wait=wait, as_json=as_json)
    rows = _rows(home, made)
    show(rows[0] if len(rows) == 1 else rows, as_json, lambda: print_sweep(rows))


def sweep(
    model: ModelArgument,
    members: MembersOption,
    external: ExternalOption,
    layers: Annotated[
        str,
        typer.Option(
            "--layers",
            help="'all', or names and globs separated by commas.",
            autocompletion=layer_names,
        ),
    ] = "all",
    kinds: Annotated[
        str,
        typer.Option(
            "--kinds",
            help=f"Of {KINDS}; several separated by commas.",
            autocompletion=kind_names,
        ),
    ] = "vanilla,cnn",
    view: ViewOption = None,
    sources: SourcesOption = "",
    reference: ReferenceOption = None,
    map_side: MapSideOption = 8,
    seed: SeedOption = 0,
    seeds: SeedsOption = 3,
    allow_overlap: OverlapOption = False,
    dry_run: DryRunOption = False,
    device: DeviceOption = "auto",
    ray: RayOption = None,
    wait: WaitOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Train the auditors of all layers and print one table.

    Example: mint sweep mnist-classifier --members mnist-members --external mnist-external --dry-run

    Example: mint sweep mnist-classifier --members mnist-members --external mnist-external --kinds linear
    """
    from mintcore.sweep import SweepRequest

    request = SweepRequest(
        model=model,
        members=members,
        external=external,
        layers=layers,
        kinds=_names(kinds),
        view=view,
        sources=_names(sources),
        map_side=map_side,
        reference=reference,
        seed=seed,
        seeds=seeds,
        allow_overlap=allow_overlap,
    )
    if dry_run:
        print_estimate(home, request, as_json=as_json)
        return
    made = carry_out("sweep", request, home, device=device, wait=wait, as_json=as_json, ray=ray)
    rows = _rows(home, made)
    show(rows, as_json, lambda: print_sweep(rows))


def compare(
    model: ModelArgument,
    members: MembersOption,
    external: Annotated[
        list[str],
        typer.Option(
            "--external",
            help="Dataset of externals; give it twice or more.",
            autocompletion=names_of("datasets"),
        ),
    ],
    layer: Annotated[
        str,
        typer.Option(
            "--layer", help="One layer: see `mint model layers`.", autocompletion=layer_names
        ),
    ],
    kind: KindOption = "vanilla",
    reference: ReferenceOption = None,
    map_side: MapSideOption = 8,
    seed: SeedOption = 0,
    seeds: SeedsOption = 3,
    allow_overlap: OverlapOption = False,
    device: DeviceOption = "auto",
    wait: WaitOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    r"""Train an auditor against each source of externals and test it on each: same source against other source.

    One more is trained against all sources but each, and tested on the one left out.

    Example: mint compare mnist-classifier --members mnist-members --external mnist-external \
        --external digits-external --layer dense --kind linear
    """
    from mintcore.comparison import CompareRequest

    request = CompareRequest(
        model=model,
        members=members,
        external=tuple(external),
        layer=layer,
        kind=kind,
        map_side=map_side,
        reference=reference,
        seed=seed,
        allow_overlap=allow_overlap,
        seeds=seeds,
    )
    made = carry_out("compare", request, home, device=device, wait=wait, as_json=as_json)
    card = Home(home).card("comparisons", made["comparisons"][0])
    show(card, as_json, lambda: _print_compared(card))


def _print_compared(card: Card) -> None:
    print_comparison(card["cells"])
    if len(card["external"]) > 2:
        typer.echo("\nTrained against all sources but one, tested on that one:")
        print_comparison(card["leave_one_out"])


def _names(listed: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in listed.split(",") if name.strip())


def _rows(home: Path, made: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Read the figures of the auditors that were made."""
    return [auditor_row(Home(home).card("auditors", auditor)) for auditor in made["auditors"]]
