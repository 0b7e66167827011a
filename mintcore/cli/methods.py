"""``mint methods``."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from mintcore.cli.auditor_options import ExternalOption, MembersOption, ModelArgument, OverlapOption
from mintcore.cli.completion import names_of
from mintcore.cli.options import DEFAULT_HOME, DeviceOption, HomeOption, JsonOption, SeedOption
from mintcore.cli.output import show, table
from mintcore.cli.work import WaitOption, carry_out
from store.artefacts import Card, Home

COLUMNS = {
    "method": "method",
    "needs": "needs",
    "auc": "AUC [95% interval]",
    "tpr_1": "TPR at 1% FPR",
    "tpr_01": "TPR at 0.1% FPR",
    "forward_passes": "forward passes an image",
    "models_trained": "models trained",
    "source": "source",
}


def methods(
    model: ModelArgument,
    members: MembersOption,
    external: ExternalOption,
    reference: Annotated[
        list[str] | None,
        typer.Option(
            "--reference",
            help="A model that `mint model train-references` made; repeatable. Attack-R, LiRA and RMIA need some.",
            autocompletion=names_of("models"),
        ),
    ] = None,
    queries: Annotated[
        int, typer.Option("--queries", help="Augmented queries an image, for LiRA and RMIA.")
    ] = 1,
    target: Annotated[
        str,
        typer.Option(
            "--target", help="label; or predicted where labels are unknown, for two methods alone."
        ),
    ] = "label",
    seed: SeedOption = 0,
    allow_overlap: OverlapOption = False,
    device: DeviceOption = "auto",
    wait: WaitOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    r"""Run the membership-inference methods of others on the split of our auditors, and print one table.

    Example: mint methods mnist-classifier --members mnist-members --external mnist-external \
        --reference mnist-classifier-reference
    """
    from mintcore.methods.requests import MethodsRequest

    request = MethodsRequest(
        model, members, external, tuple(reference or ()), queries, target, seed, allow_overlap
    )
    made = carry_out("methods", request, home, device=device, wait=wait, as_json=as_json)
    card = Home(home).card("methods", made["methods"][0])
    show(card, as_json, lambda: print_methods(card))


def print_methods(card: Card) -> None:
    """Print what methods reach as a table, a line each."""
    rows: Sequence[dict[str, Any]] = card["rows"]
    table([_in_words(row) for row in rows], COLUMNS)
    typer.echo(
        f"n = {rows[0]['n_members']} members and {rows[0]['n_externals']} externals held out; population of Attack-P "
        f"and RMIA: {card['population']} externals that are not."
    )


def _in_words(row: Mapping[str, Any]) -> dict[str, Any]:
    low, high = row["auc_ci"]
    one_percent, per_mille = (_rate(rate) for rate in row["low_fpr"])
    said = {"auc": f"{row['auc']:.3f} [{low:.3f}, {high:.3f}]", "tpr_1": one_percent}
    return {**row, **said, "tpr_01": per_mille}


def _rate(rate: Mapping[str, Any] | None) -> str:
    if rate is None:
        return "not measurable"
    low, high = rate["tpr_ci"]
    return f"{rate['tpr']:.2%} [{low:.2%}, {high:.2%}]"
