"""``mint demo``."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from mintcore.cli.findings import print_comparison, print_sweep
from mintcore.cli.methods import print_methods
from mintcore.cli.options import DEFAULT_HOME, DeviceOption, HomeOption, JsonOption
from mintcore.cli.output import show
from mintcore.progress import ConsoleReporter
from mintcore.serving import serve
from store.artefacts import Home

if TYPE_CHECKING:
    from mintcore.demo.story import Told


def demo(
    serving: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve the dashboard with the results.")
    ] = True,
    port: Annotated[int | None, typer.Option("--port", help="Port of the dashboard.")] = None,
    device: DeviceOption = "auto",
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Run the whole main job on real images, offline, and serve the dashboard with what it found.

    Example: mint demo --no-serve --json
    """
    began = time.monotonic()
    with ConsoleReporter() as reporter:
        reporter.log("Loading PyTorch ...")
        from mintcore.demo.story import as_json as told_as_json
        from mintcore.demo.story import tell

        told = tell(Home(home), device=device, reporter=reporter)
    seconds = time.monotonic() - began
    show(
        {**told_as_json(told), "home": str(home), "seconds": seconds}, as_json, lambda: _print(told)
    )
    if serving:
        serve(Home(home), port=port)


def _print(told: "Told") -> None:
    facts = told.model
    typer.echo(
        f"\nThe audited model was made to remember: {facts['images']} images, {facts['epochs']} epochs, no "
        f"augmentation, {facts['wrong_labels']} wrong labels.\nIt is right on {facts['train_accuracy']:.1%} of what it "
        f"was trained as, and on {facts['external_accuracy']:.1%} of new images.\n\nLayer by layer, against images of "
        "the same source that it never saw:"
    )
    print_sweep(told.sweep)
    typer.echo("\nAll layers together, and published methods on the same images:")
    print_sweep([told.together])
    print_methods(told.methods)
    typer.echo(
        "\nAgainst another database, an auditor looks far better, and so do the blind baselines:"
    )
    print_comparison(told.comparison)
    typer.echo("\nAudits:")
    for audit in told.audits:
        typer.echo(
            f"- {audit['kind']} {audit['name']!r}: {audit['verdict']} (p = {audit['p_value']:.2g})"
        )
        typer.echo(f"  {audit['meaning']}")
