"""Audit a whole dataset: was it used, and what share of it?"""

import hashlib
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mintcore.arrays import pixels_spec
from mintcore.auditors.calibration import calibrated
from mintcore.auditors.evidence import AUDITOR
from mintcore.auditors.finding import compare
from mintcore.auditors.publication import specs_of
from mintcore.auditors.scoring import score_images
from mintcore.datasets.reading import dataset_card, samples
from mintcore.devices import choose_device
from mintcore.errors import MintError
from mintcore.evaluation.metrics import conformal_p_values, set_p_value
from mintcore.evaluation.quantification import mixture_share
from mintcore.extraction.run import extract
from mintcore.library import auditor_scores
from mintcore.progress import Reporter
from mintcore.report import write_dataset_report
from mintcore.subjects import load_subjects, require_audited
from mintcore.verdicts import Tier, dataset_verdict
from mintcore.versions import versions
from store.artefacts import Card, Home, write_card

MIN_IMAGES = 20


def audit_dataset(
    home: Home, auditor: str, dataset: str, *, device: str, reporter: Reporter
) -> Card:
    """Audit a dataset as a whole.

    Its images are compared with the externals that the auditor held out, by the auditor and by each blind baseline. The
    images that the auditor was trained on, or chose its epoch on, are left out and counted.

    Args:
        home: The home folder.
        auditor: Id of an auditor.
        dataset: Name of the dataset; what it says of membership is not used.
        device: "auto", "cpu", "cuda" or "cuda:N".
        reporter: Told of each stage.

    Returns:
        The card of the audit; an audit that was made before is not made again.

    Raises:
        MintError: The auditor or dataset is unknown, or too few images are left to judge.
    """
    card = home.card("auditors", auditor)
    audited = dataset_card(home, dataset)
    audit_id = _audit_id(card, str(audited["fingerprint"]))
    if home.has("audits", audit_id):
        reporter.log(f"audit {audit_id} was made before")
        return home.card("audits", audit_id)
    held_out, sample_ids, excluded = _sides(home, card, dataset)
    _extract(home, card, dataset, device, reporter)
    by_network = score_images(home, card, sample_ids, device)
    scored = np.all([np.isfinite(values) for values in by_network.values()], axis=0)
    if scored.sum() < MIN_IMAGES:
        raise MintError(
            f"Only {int(scored.sum())} images of {dataset!r} can be judged, at least {MIN_IMAGES} are needed: audit "
            "them one by one with `mint audit image`."
        )
    by_network = {name: values[scored] for name, values in by_network.items()}
    kept_ids = [sample for sample, keep in zip(sample_ids, scored, strict=True) if keep]
    finding = _find(card, by_network, held_out)
    described = samples(home, dataset, sample_ids=kept_ids).to_pylist()
    table = _image_table(card, described, kept_ids, by_network[AUDITOR], held_out)
    fields = {
        "audit_kind": "dataset",
        "auditor": auditor,
        "dataset": dataset,
        "dataset_fingerprint": audited["fingerprint"],
        "model": card["model"],
        "model_fingerprint": card["model_fingerprint"],
        "n_audited": len(kept_ids),
        "n_excluded": excluded,
        "n_failed": int((~scored).sum()),
        "auditor_tier": card["tier"],
        "versions": versions(),
        **finding,
    }
    return _publish(home, audit_id, fields, table, held_out)


def _audit_id(card: Card, fingerprint: str) -> str:
    digest = hashlib.blake2b(f"{card['id']}:{fingerprint}".encode(), digest_size=6).hexdigest()
    return f"dataset-{digest}"


def _sides(home: Home, card: Card, dataset: str) -> tuple[pa.Table, list[str], int]:
    """Give the auditor's held-out images, the audited ids, and how many were left out of the audited set."""
    cohort = auditor_scores(home, card["id"])
    part = np.array(cohort.column("part").to_pylist())
    ids = np.array(cohort.column("sample_id").to_pylist())
    seen = set(ids[part != "test"].tolist())
    wanted = samples(home, dataset).column("sample_id").to_pylist()
    audited = [sample for sample in wanted if sample not in seen]
    # an image of the audited set cannot also stand on the side it is compared with
    held_out = (part == "test") & ~np.isin(ids, audited)
    return cohort.filter(pa.array(held_out)), audited, len(wanted) - len(audited)


def _extract(home: Home, card: Card, dataset: str, device: str, reporter: Reporter) -> None:
    subjects = load_subjects(home, card["model"], card["reference"], choose_device(device))
    require_audited(subjects.audited, card)
    specs = specs_of(card)
    extract(home, subjects.audited, [dataset], [*specs, pixels_spec(subjects.audited)], reporter)
    for model in subjects.blind().values():
        extract(home, model, [dataset], specs, reporter)


def _find(card: Card, by_network: dict[str, np.ndarray], held_out: pa.Table) -> dict[str, Any]:
    finite = np.all([np.isfinite(held_out.column(name).to_numpy()) for name in by_network], axis=0)
    is_member = held_out.column("is_member").to_numpy(zero_copy_only=False)
    externals = {name: held_out.column(name).to_numpy()[finite & ~is_member] for name in by_network}
    members = held_out.column(AUDITOR).to_numpy()[finite & is_member]
    if len(externals[AUDITOR]) < MIN_IMAGES:
        raise MintError(
            f"Only {len(externals[AUDITOR])} held-out external images are left to compare with, at least {MIN_IMAGES} "
            "are needed: the audited set holds most of the auditor's externals."
        )
    n_audited = len(by_network[AUDITOR])
    is_audited = np.arange(n_audited + len(externals[AUDITOR])) < n_audited
    both = {name: np.concatenate([by_network[name], externals[name]]) for name in by_network}
    figures = compare(both, is_audited, card["threshold"], card["seed"])
    p_value = set_p_value(by_network[AUDITOR], externals[AUDITOR])
    groups = (by_network[AUDITOR], members, externals[AUDITOR])
    share = mixture_share(*(calibrated(group, card["calibration"]) for group in groups))
    if card["tier"] == Tier.DATASET_SHIFT:  # such an auditor knows the database, not the members
        figures |= {"tier": card["tier"], "meaning": card["meaning"]}
    verdict = dataset_verdict(Tier(figures["tier"]), p_value, share.interval if share else None)
    return {
        **figures,
        "p_value": p_value,
        "share": asdict(share) if share and verdict.tier is not Tier.DATASET_SHIFT else None,
        "verdict": verdict.verdict,
        "tier": verdict.tier.value,
        "meaning": verdict.meaning,
    }


def _image_table(
    card: Card,
    described: list[dict[str, Any]],
    kept_ids: list[str],
    scored: np.ndarray,
    held_out: pa.Table,
) -> pa.Table:
    by_id = {row["sample_id"]: row for row in described}
    is_member = held_out.column("is_member").to_numpy(zero_copy_only=False)
    external = held_out.column(AUDITOR).to_numpy()[~is_member]
    return pa.table(
        {
            "sample_id": kept_ids,
            "uri": [by_id[sample]["uri"] for sample in kept_ids],
            "label": pa.array([by_id[sample]["label"] for sample in kept_ids], pa.string()),
            "registered_as": [by_id[sample]["membership"] for sample in kept_ids],
            "score": scored,
            "probability": calibrated(scored, card["calibration"]),
            "p_value": conformal_p_values(scored, external[np.isfinite(external)]),
        }
    ).sort_by([("score", "descending")])


def _publish(
    home: Home, audit_id: str, fields: dict[str, Any], table: pa.Table, held_out: pa.Table
) -> Card:
    with home.publishing("audits", audit_id) as folder:
        pq.write_table(table, folder / "scores.parquet")
        compared = held_out.select(["sample_id", "is_member", AUDITOR]).rename_columns(
            ["sample_id", "is_member", "score"]
        )
        pq.write_table(compared, folder / "compared.parquet")
        card = write_card(folder, "audits", audit_id, **fields)
        write_dataset_report(folder / "report.html", card, table, compared)
    return home.card("audits", audit_id)
