"""``mint extract``."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from mintcore.cli.completion import layer_names, names_of
from mintcore.cli.options import DEFAULT_HOME, DeviceOption, HomeOption, JsonOption, RayOption
from mintcore.cli.output import fields, show
from mintcore.cli.work import WaitOption, carry_out
from mintcore.models.layers import VIEWS
from store.artefacts import Home


def extract(
    model: Annotated[
        str, typer.Argument(help="Name of the audited model.", autocompletion=names_of("models"))
    ],
    datasets: Annotated[
        list[str], typer.Argument(help="Names of datasets.", autocompletion=names_of("datasets"))
    ],
    layers: Annotated[
        str,
        typer.Option(
            "--layers",
            help="'all', or names and globs separated by commas.",
            autocompletion=layer_names,
        ),
    ] = "all",
    views: Annotated[
        str, typer.Option("--views", help=f"Of {', '.join(VIEWS)}, separated by commas.")
    ] = "pooled,map",
    map_side: Annotated[
        int, typer.Option("--map-side", help="Maps are pooled to at most this many pixels a side.")
    ] = 8,
    dtype: Annotated[
        str, typer.Option("--dtype", help="float16, float32 or bfloat16; each is kept by itself.")
    ] = "float16",
    queries: Annotated[
        int,
        typer.Option(
            "--queries", help="Keep so many augmented queries of each image: flipped and shifted."
        ),
    ] = 1,
    stressed: Annotated[
        bool,
        typer.Option(
            "--stressed",
            help="The queries are such as training never shows: turned, zoomed, blurred, cut.",
        ),
    ] = False,
    gradient_size: Annotated[
        int, typer.Option("--gradient-size", help="Values that a gradient is reduced to.")
    ] = 512,
    target: Annotated[
        str,
        typer.Option(
            "--target",
            help="The class that gradients and signals are of: predicted, or label (the true one).",
        ),
    ] = "predicted",
    batch: Annotated[
        int | None,
        typer.Option("--batch", min=1, help="Images at once; by default what fits the model."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Threads that decode; by default one a core."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be computed and what it takes.")
    ] = False,
    device: DeviceOption = "auto",
    ray: RayOption = None,
    wait: WaitOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Run a model over datasets and keep its activations; what is in the store is not computed again.

    Example: mint extract mnist-classifier mnist-mixed --layers 'block*' --views pooled
    """
    from mintcore.extraction.planning import plan_extraction
    from mintcore.extraction.requests import ExtractionRequest

    kept = tuple(view.strip() for view in views.split(","))
    request = ExtractionRequest(
        model,
        tuple(datasets),
        layers,
        kept,
        map_side,
        dtype,
        queries,
        gradient_size,
        target,
        batch,
        workers,
        stressed,
    )
    if dry_run:
        _show(asdict(plan_extraction(Home(home), request, device=device)), as_json)
        return
    _show(
        carry_out("extract", request, home, device=device, wait=wait, as_json=as_json, ray=ray),
        as_json,
    )


def _show(found: dict[str, Any], as_json: bool) -> None:
    found["arrays"] = list(found["arrays"])
    show(found, as_json, lambda: fields({**found, "arrays": len(found["arrays"])}))
