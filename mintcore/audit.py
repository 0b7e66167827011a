"""Audit a whole dataset: was it used, and what share of it?"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mintcore.arrays import pixels_spec
from mintcore.audit_reading import AuditTables
from mintcore.audit_tables import Rows, group_table, image_table
from mintcore.auditors.evidence import AUDITOR
from mintcore.auditors.publication import specs_of
from mintcore.auditors.scoring import score_images
from mintcore.cluster.crew import Crew
from mintcore.datasets.reading import dataset_card, described, samples
from mintcore.devices import choose_device
from mintcore.errors import MintError
from mintcore.extraction.run import extract
from mintcore.library import auditor_scores, external_datasets
from mintcore.progress import Reporter
from mintcore.reports.datasets import dataset_report
from mintcore.reports.files import HTML
from mintcore.reports.writing import report_file
from mintcore.set_evidence import MIN_IMAGES, Sides, set_evidence
from mintcore.subjects import load_subjects, require_audited
from mintcore.trail import traced
from mintcore.versions import versions
from store.artefacts import Card, Home, write_card

_EVIDENCE_VERSION = 4  # one more where an audit that was made before lacks what is found today


def audit_dataset(
    home: Home,
    auditor: str,
    dataset: str,
    *,
    device: str,
    reporter: Reporter,
    crew: Crew | None = None,
) -> Card:
    """Audit a dataset as a whole.

    Its images are compared with the externals that the auditor held out, by the auditor and by each blind baseline. The
    images that the auditor was trained on, or chose its epoch on, are left out and counted.

    Args:
        home: The home folder.
        auditor: Id of an auditor.
        dataset: Name of the dataset; what it says of membership is not used.
        device: Where, as ``mintcore.cluster.places`` names it.
        reporter: Told of each stage.
        crew: Workers that extract what is missing; None for this process.

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
    known = _known(home, card, dataset)
    _extract(home, card, dataset, device=device, reporter=reporter, crew=crew)
    sides, kept_ids = _scored(home, card, known, dataset, device)
    fields = {
        "audit_kind": "dataset",
        "auditor": auditor,
        "dataset": dataset,
        "dataset_fingerprint": audited["fingerprint"],
        "model": card["model"],
        "model_fingerprint": card["model_fingerprint"],
        "n_audited": len(kept_ids),
        "n_excluded": known.n_excluded,
        "n_failed": len(known.audited_ids) - len(kept_ids),
        "auditor_tier": card["tier"],
        "device": str(choose_device(device)),
        "versions": versions(),
        **set_evidence(card, sides),
    }
    images = described(home, [dataset], kept_ids)
    return _publish(home, audit_id, fields, _tables(home, card, images, known, sides))


def extract_for_audit(
    home: Home, auditor: str, dataset: str, *, device: str, reporter: Reporter, crew: Crew
) -> None:
    """Extract what an audit of a dataset will read, if it was not made before.

    Raises:
        MintError: As ``audit_dataset``.
    """
    card = home.card("auditors", auditor)
    audit_id = _audit_id(card, str(dataset_card(home, dataset)["fingerprint"]))
    if not home.has("audits", audit_id):
        _known(home, card, dataset)
        _extract(home, card, dataset, device=device, reporter=reporter, crew=crew)


@dataclass(frozen=True)
class _Known:
    """An auditor's images with their scores, as far as all networks have one, and the ids to audit.

    Attributes:
        audited_ids: Images of the set that the auditor was not made with.
        n_excluded: Images that it was made with.
        externals: Externals that it held out, and that are not in the set.
        members: The same of members.
        training: Externals that it was trained on.
    """

    audited_ids: list[str]
    n_excluded: int
    externals: pa.Table
    members: pa.Table
    training: pa.Table

    def compared(self) -> pa.Table:
        """Give all held-out images: sample_id, is_member, score."""
        held_out = pa.concat_tables([self.externals, self.members])
        kept = held_out.select(["sample_id", "is_member", AUDITOR])
        return kept.rename_columns(["sample_id", "is_member", "score"])


def _audit_id(card: Card, fingerprint: str) -> str:
    made_from = f"{card['id']}:{fingerprint}:{_EVIDENCE_VERSION}"
    return f"dataset-{hashlib.blake2b(made_from.encode(), digest_size=6).hexdigest()}"


def _known(home: Home, card: Card, dataset: str) -> _Known:
    """Sort out which images are audited, and what they are compared with.

    Raises:
        MintError: Too few held-out externals are left to compare with.
    """
    cohort = auditor_scores(home, card["id"])
    part = np.array(cohort.column("part").to_pylist())
    ids = np.array(cohort.column("sample_id").to_pylist())
    is_member = cohort.column("is_member").to_numpy(zero_copy_only=False)
    scores = [cohort.column(name).to_numpy() for name in card["networks"]]
    scored = np.all([np.isfinite(values) for values in scores], axis=0)
    wanted = samples(home, dataset).column("sample_id").to_pylist()
    seen = set(ids[part != "test"].tolist())
    audited = [sample for sample in wanted if sample not in seen]
    # an image of the audited set cannot also stand on the side it is compared with
    held_out = scored & (part == "test") & ~np.isin(ids, audited)
    n_externals = int((held_out & ~is_member).sum())
    if n_externals < MIN_IMAGES:
        raise MintError(
            f"Only {n_externals} externals that the auditor held out are left to compare {dataset!r} with, at least "
            f"{MIN_IMAGES} are needed, so whether it was used cannot be told: take an auditor with more externals, or "
            "with others than those of the set itself."
        )
    return _Known(
        audited_ids=audited,
        n_excluded=len(wanted) - len(audited),
        externals=cohort.filter(pa.array(held_out & ~is_member)),
        members=cohort.filter(pa.array(held_out & is_member)),
        training=cohort.filter(pa.array(scored & (part == "train") & ~is_member)),
    )


def _scored(
    home: Home, card: Card, known: _Known, dataset: str, device: str
) -> tuple[Sides, list[str]]:
    """Score the audited images; give the scores, and the ids of those that have one from every network.

    Raises:
        MintError: They are too few to judge.
    """
    by_network = score_images(home, card, known.audited_ids, device)
    scored = np.all([np.isfinite(values) for values in by_network.values()], axis=0)
    if scored.sum() < MIN_IMAGES:
        raise MintError(
            f"Only {int(scored.sum())} images of {dataset!r} can be judged, at least {MIN_IMAGES} are needed: audit "
            "them one by one with `mint audit image`."
        )
    kept_ids = [sample for sample, keep in zip(known.audited_ids, scored, strict=True) if keep]
    return _sides(known, {name: values[scored] for name, values in by_network.items()}), kept_ids


def _sides(known: _Known, by_network: Mapping[str, np.ndarray]) -> Sides:
    return Sides(
        audited=by_network,
        externals={name: known.externals.column(name).to_numpy() for name in by_network},
        training={name: known.training.column(name).to_numpy() for name in by_network},
        members=known.members.column(AUDITOR).to_numpy(),
    )


def _extract(
    home: Home, card: Card, dataset: str, *, device: str, reporter: Reporter, crew: Crew | None
) -> None:
    subjects = load_subjects(home, card["model"], card["reference"], choose_device(device))
    require_audited(subjects.audited, card)
    specs = specs_of(card)
    pixels = pixels_spec(subjects.audited)
    extract(home, subjects.audited, [dataset], [*specs, pixels], reporter, crew=crew)
    for model in subjects.blind().values():
        extract(home, model, [dataset], specs, reporter, crew=crew)


def _tables(home: Home, card: Card, images: Rows, known: _Known, sides: Sides) -> AuditTables:
    external_ids = known.externals.column("sample_id").to_pylist()
    externals = described(home, external_datasets(card), external_ids)
    return AuditTables(
        images=image_table(card, images, sides),
        groups=group_table(images, externals, sides),
        compared=known.compared(),
    )


def _publish(home: Home, audit_id: str, fields: dict[str, Any], tables: AuditTables) -> Card:
    with home.publishing("audits", audit_id) as folder:
        pq.write_table(tables.images, folder / "scores.parquet")
        pq.write_table(tables.groups, folder / "groups.parquet")
        pq.write_table(tables.compared, folder / "compared.parquet")
        card = write_card(folder, "audits", audit_id, **traced(home, "audits", fields))
        page = report_file(home, dataset_report(home, card, tables), HTML)
        (folder / "report.html").write_bytes(page)
    return home.card("audits", audit_id)
