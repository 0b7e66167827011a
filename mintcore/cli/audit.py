"""``mint audit image | dataset | batch | list``."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from mintcore.cli.completion import names_of
from mintcore.cli.options import DEFAULT_HOME, DeviceOption, HomeOption, JsonOption, RayOption
from mintcore.cli.output import fields, show, table
from mintcore.cli.work import WaitOption, carry_out
from mintcore.verdicts import copy_found, discoveries_note, groups_note
from store.artefacts import Home

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

_DATASET_FIGURES = (
    "id",
    "dataset",
    "verdict",
    "tier",
    "p_value",
    "n_audited",
    "n_excluded",
    "n_failed",
    "auc",
    "auc_ci",
    "blind_auc",
    "advantage",
    "advantage_ci",
    "cliffs_delta",
    "cliffs_delta_ci",
)
_DRIFT_COLUMNS = {
    "network": "drift of scores",
    "from_training": "from training externals",
    "expected": "expected",
    "from_held_out": "from held-out externals",
    "p_value": "p",
}
_GROUP_COLUMNS = {
    "kind": "kind",
    "group": "group",
    "n": "n",
    "n_externals": "externals",
    "auc": "AUC",
    "blind_auc": "blind AUC",
    "cliffs_delta": "Cliff's delta",
    "p_value": "p",
    "q_value": "q",
}
_BATCH_COLUMNS = {
    "dataset": "dataset",
    "auditor": "auditor",
    "verdict": "verdict",
    "p_value": "p",
    "share": "share of members",
    "auc": "AUC",
    "blind_auc": "best blind AUC",
    "advantage": "advantage",
    "n_audited": "images",
}
_LISTED_GROUPS = 20
AuditorArgument = Annotated[
    str,
    typer.Argument(
        help="Id of an auditor, as `mint sweep` prints it.", autocompletion=names_of("auditors")
    ),
]


@app.command("image")
def audit_image(
    auditor: AuditorArgument,
    files: Annotated[list[Path], typer.Argument(help="Image files.")],
    device: DeviceOption = "auto",
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Audit single images: score, p-value and verdict of each, and where it or a near-duplicate of it is registered.

    Example: mint audit image AUDITOR photo.png
    """
    from mintcore.datasets.copies import find_copies
    from mintcore.image_audit import audit_images, load_image_auditor, publish_image_audit
    from mintcore.images import decode_image

    images = [
        (file.name, decode_image(file)) for file in files
    ]  # before the model: bad files fail fast
    loaded = load_image_auditor(Home(home), auditor, device=device)
    found = audit_images(loaded, images)
    datasets = [card["id"] for card in Home(home).cards("datasets")]
    rows = []
    for finding, (_, pixels) in zip(found, images, strict=True):
        card = publish_image_audit(Home(home), loaded, finding)
        copies = [asdict(copy) for copy in find_copies(Home(home), datasets, pixels).found]
        named = {"id": card["id"], "kind": "image", "auditor": auditor}
        rows.append(named | _without_id(card) | {"copies": copies})
    columns = {
        "name": "image",
        "score": "score",
        "p_value": "p",
        "tier": "tier",
        "verdict": "verdict",
    }

    def render() -> None:
        table(rows, columns)
        typer.echo(rows[0]["meaning"])
        for row in rows:
            for copy in row["copies"]:
                typer.echo(f"{row['name']}: {copy_found(copy)}")

    show(rows, as_json, render)


@app.command("dataset")
def audit_whole_dataset(
    auditor: AuditorArgument,
    dataset: Annotated[
        str, typer.Argument(help="Name of a dataset.", autocompletion=names_of("datasets"))
    ],
    device: DeviceOption = "auto",
    ray: RayOption = None,
    wait: WaitOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Audit a dataset as a whole: was it used, what share of it, and which images, labels and identities?

    Example: mint audit dataset AUDITOR mnist-mixed
    """
    from mintcore.batch_audit import BatchRequest
    from mintcore.library import audit_groups

    request = BatchRequest((auditor,), (dataset,))
    made = carry_out("audit", request, home, device=device, wait=wait, as_json=as_json, ray=ray)
    card = Home(home).card("audits", made["audits"][0])
    groups = audit_groups(Home(home), card["id"]).to_pylist()
    report = Home(home).folder("audits", card["id"]) / "report.html"

    def render() -> None:
        fields(_figures(card) | {"report": report})
        for remark in card["remarks"]:
            typer.echo(f"\n{remark}")
        typer.echo()
        table(card["drift"], _DRIFT_COLUMNS)
        if groups:
            typer.echo()
            table(groups[:_LISTED_GROUPS], _GROUP_COLUMNS)
            typer.echo(groups_note(card))

    show({**card, "kind": "dataset", "groups": groups}, as_json, render)


@app.command("batch")
def audit_several(
    auditors: Annotated[
        list[str],
        typer.Option(
            "--auditor", help="Id of an auditor; repeatable.", autocompletion=names_of("auditors")
        ),
    ],
    datasets: Annotated[
        list[str],
        typer.Option("--dataset", help="Name; repeatable.", autocompletion=names_of("datasets")),
    ],
    device: DeviceOption = "auto",
    ray: RayOption = None,
    wait: WaitOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Audit several datasets with several auditors, and print one table; exit code 1 where one was refused.

    Example: mint audit batch --auditor AUDITOR --dataset mnist-mixed --dataset bought
    """
    from mintcore.batch_audit import BatchRequest

    request = BatchRequest(tuple(auditors), tuple(datasets))
    made = carry_out("audit", request, home, device=device, wait=wait, as_json=as_json, ray=ray)
    cards = [Home(home).card("audits", audit) for audit in made["audits"]]

    def render() -> None:
        table([card | {"share": _share(card["share"])} for card in cards], _BATCH_COLUMNS)
        for sentence in made["refused"]:
            typer.echo(f"mint: {sentence}", err=True)

    show({"audits": cards, "refused": made["refused"]}, as_json, render)
    raise typer.Exit(1 if made["refused"] else 0)


@app.command("list")
def list_audits(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """List the audits.

    Example: mint audit list
    """
    rows = [
        {
            "id": card["id"],
            "kind": card["audit_kind"],
            "of": card.get("dataset", card.get("name")),
            "auditor": card["auditor"],
            "verdict": card["verdict"],
            "tier": card["tier"],
        }
        for card in Home(home).cards("audits")
    ]
    show(
        rows, as_json, lambda: table(rows, {key: key for key in rows[0]} if rows else {"id": "id"})
    )


def _without_id(card: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in card.items() if key not in ("id", "kind", "auditor")}


def _figures(card: Mapping[str, Any]) -> dict[str, object]:
    shares = {f"share, {method}": _share(found) for method, found in card["shares"].items()}
    named = {"images named": discoveries_note(card), "meaning": card["meaning"]}
    return {key: card[key] for key in _DATASET_FIGURES} | shares | named


def _share(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "not measurable"
    low, high = found["interval"]
    return f"{found['value']:.0%} ({low:.0%} .. {high:.0%})"
