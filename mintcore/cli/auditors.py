"""``mint train``, ``mint sweep`` and ``mint compare``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from mintcore.cli.options import DEFAULT_HOME, DeviceOption, HomeOption, JsonOption, SeedOption
from mintcore.cli.output import show, table
from mintcore.library import auditor_row
from mintcore.progress import ConsoleReporter
from store.artefacts import Home

MembersOption = Annotated[
    str, typer.Option("--members", help="Dataset with images of membership 'member'.")
]
ExternalOption = Annotated[
    str, typer.Option("--external", help="Dataset with images of membership 'external'.")
]
ModelArgument = Annotated[str, typer.Argument(help="Name of the audited model.")]
ReferenceOption = Annotated[
    str | None,
    typer.Option(
        "--reference", help="A trained model that never saw the members: a blind baseline."
    ),
]
MapSideOption = Annotated[
    int, typer.Option("--map-side", help="Side of the maps that a CNN reads.")
]
KindOption = Annotated[str, typer.Option("--kind", help="vanilla or cnn.")]

COLUMNS = {
    "layer": "layer",
    "kind": "kind",
    "auc": "AUC",
    "auc_ci": "95% interval",
    "accuracy": "accuracy",
    "blind_auc": "blind AUC",
    "best_blind": "best blind",
    "advantage": "advantage",
    "advantage_ci": "95% interval",
    "tier": "tier",
}


def train(
    model: ModelArgument,
    members: MembersOption,
    external: ExternalOption,
    layer: Annotated[str, typer.Option("--layer", help="One layer: see `mint model layers`.")],
    kind: KindOption = "vanilla",
    reference: ReferenceOption = None,
    map_side: MapSideOption = 8,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Train one auditor, beside its blind baselines.

    Example: mint train resnet56 --members cifar-train --external cifar-test --layer layer3.8 --kind cnn
    """
    rows = _sweep(model, members, external, layer, kind, reference, map_side, seed, device, home)
    show(rows[0] if len(rows) == 1 else rows, as_json, lambda: _print(rows))


def sweep(
    model: ModelArgument,
    members: MembersOption,
    external: ExternalOption,
    layers: Annotated[
        str, typer.Option("--layers", help="'all', or names and globs separated by commas.")
    ] = "all",
    kinds: Annotated[
        str, typer.Option("--kinds", help="Of vanilla and cnn, separated by commas.")
    ] = "vanilla,cnn",
    reference: ReferenceOption = None,
    map_side: MapSideOption = 8,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Train the auditors of all layers and print one table.

    Example: mint sweep resnet56 --members cifar-train --external cifar-test --kinds vanilla
    """
    rows = _sweep(model, members, external, layers, kinds, reference, map_side, seed, device, home)
    show(rows, as_json, lambda: _print(rows))


def compare(
    model: ModelArgument,
    members: MembersOption,
    external: Annotated[
        list[str], typer.Option("--external", help="Dataset of externals; give it twice or more.")
    ],
    layer: Annotated[str, typer.Option("--layer", help="One layer: see `mint model layers`.")],
    kind: KindOption = "vanilla",
    reference: ReferenceOption = None,
    map_side: MapSideOption = 8,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Train an auditor against each source of externals and test it on each: same source against other source.

    Example: mint compare resnet56 --members cifar-train --external cifar-test --external gtsrb --layer avgpool
    """
    from mintcore.comparison import CompareRequest
    from mintcore.comparison import compare as run

    request = CompareRequest(
        model, members, tuple(external), layer, kind, map_side, reference, seed
    )
    with ConsoleReporter() as reporter:
        card = run(Home(home), request, device=device, reporter=reporter)
    columns = {"train_external": "trained against", "test_external": "tested on", **COLUMNS}
    del columns["layer"], columns["kind"]
    show(card, as_json, lambda: table(card["cells"], columns))


def _sweep(
    model: str,
    members: str,
    external: str,
    layers: str,
    kinds: str,
    reference: str | None,
    map_side: int,
    seed: int,
    device: str,
    home: Path,
) -> list[dict[str, Any]]:
    from mintcore.sweep import SweepRequest
    from mintcore.sweep import sweep as run

    chosen = tuple(kind.strip() for kind in kinds.split(","))
    request = SweepRequest(model, members, external, layers, chosen, map_side, reference, seed)
    with ConsoleReporter() as reporter:
        cards = run(Home(home), request, device=device, reporter=reporter)
    return [auditor_row(card) for card in cards]


def _print(rows: Sequence[dict[str, Any]]) -> None:
    table(rows, COLUMNS)
    typer.echo(
        f"n = {rows[0]['n_members']} members and {rows[0]['n_externals']} externals held out. "
        "Advantage = AUC minus the best blind baseline's."
    )
