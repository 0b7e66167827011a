"""Audit single images."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintcore.arrays import LABEL, parse_view
from mintcore.auditors.calibration import calibrated
from mintcore.auditors.evidence import AUDITOR
from mintcore.auditors.publication import specs_of
from mintcore.auditors.scoring import Scorer, load_scorer
from mintcore.devices import choose_device
from mintcore.errors import MintError
from mintcore.evaluation.ranks import conformal_p_values
from mintcore.extraction.one_image import activations_of_one
from mintcore.images import image_id
from mintcore.library import auditor_scores
from mintcore.models.registration import AuditedModel, load_model
from mintcore.reports.files import HTML
from mintcore.reports.images import image_report
from mintcore.reports.writing import report_file
from mintcore.subjects import require_audited
from mintcore.trail import traced
from mintcore.verdicts import GUESSED_LABEL, Tier, image_verdict
from mintcore.versions import versions
from store.artefacts import Card, Home, write_card
from store.layout import ArraySpec

_KNOWN = ("sample_id", "is_member", "part", AUDITOR)


@dataclass(frozen=True)
class ImageAuditor:
    """An auditor that is loaded and ready for images.

    Attributes:
        card: The auditor's card.
        model: The audited model.
        scorer: The auditor's networks.
        known: The auditor's cohort: sample_id, is_member, part and its own score.
    """

    card: Card
    model: AuditedModel
    scorer: Scorer
    known: pa.Table

    @cached_property
    def held_out(self) -> tuple[np.ndarray, np.ndarray]:
        """Its scores of held-out members (P,) and externals (M,), each ascending."""
        return held_out_of(self.known)


@dataclass(frozen=True)
class ImageFinding:
    """What was found for one image.

    Attributes:
        name: How the person called it.
        sample_id: Its content's id.
        score: The auditor's logit.
        probability: Calibrated, as if half of all images were members.
        p_value: Share of held-out externals that score at least as high.
        verdict: A few words.
        tier: The wording tier of the auditor.
        meaning: The plain-language meaning.
        registered_as: "member" or "external" where this very image is in the auditor's own data, else None.
        registered_part: The part of that data it is in, else None.
        remark: What else must be known to read the score, else None.
    """

    name: str
    sample_id: str
    score: float
    probability: float
    p_value: float
    verdict: str
    tier: str
    meaning: str
    registered_as: str | None
    registered_part: str | None
    remark: str | None


def load_image_auditor(home: Home, auditor: str, *, device: str) -> ImageAuditor:
    """Load an auditor with its audited model.

    Raises:
        MintError: The auditor or its model is not there, or the model is another one by now.
    """
    card = home.card("auditors", auditor)
    return with_model(home, card, load_model(home, card["model"], choose_device(device)))


def with_model(home: Home, card: Card, model: AuditedModel) -> ImageAuditor:
    """Load an auditor for an audited model that is loaded already; auditors may share it.

    Raises:
        MintError: The model is another one by now.
    """
    require_audited(model, card)
    scorer = load_scorer(home, card, AUDITOR, model.device)
    return ImageAuditor(card, model, scorer, auditor_scores(home, card["id"], _KNOWN))


def audit_images(
    auditor: ImageAuditor, images: Sequence[tuple[str, np.ndarray]]
) -> list[ImageFinding]:
    """Judge images.

    Args:
        auditor: From `load_image_auditor`.
        images: Name and (H, W, 3) uint8 pixels of each.
    """
    specs = specs_of(auditor.card)
    found = []
    for name, pixels in images:  # one by one: a result must not depend on the images beside it
        values = image_activations(auditor.model, name, pixels, specs)
        score = float(auditor.scorer.score(values)[0])
        found.append(_finding(auditor, name, image_id(pixels), score))
    return found


def image_activations(
    model: AuditedModel, name: str, pixels: np.ndarray, specs: Sequence[ArraySpec]
) -> dict[str, np.ndarray]:
    """Compute what the model gives for one image.

    Args:
        model: The audited model.
        name: What the image is called in an error.
        pixels: (H, W, 3) uint8.
        specs: The arrays wanted.

    Returns:
        Array key -> (1, *shape).

    Raises:
        MintError: A value is not finite.
    """
    values = activations_of_one(model, model.preprocessing.resize_pixels(pixels)[None], specs)
    for key, array in values.items():
        if not np.isfinite(array).all():
            raise MintError(
                f"{name}: the model's activations at {key} are not finite for this image."
            )
    return values


def publish_image_audit(home: Home, auditor: ImageAuditor, finding: ImageFinding) -> Card:
    """Keep the audit of one image: its finding and a report, not the image."""
    content = f"{auditor.card['id']}:{finding.sample_id}".encode()
    audit_id = f"image-{hashlib.blake2b(content, digest_size=6).hexdigest()}"
    if home.has("audits", audit_id):
        return home.card("audits", audit_id)
    with home.publishing("audits", audit_id) as folder:
        fields = {
            "audit_kind": "image",
            "auditor": auditor.card["id"],
            "model": auditor.card["model"],
            "model_fingerprint": auditor.card["model_fingerprint"],
            "device": str(auditor.model.device),
            "versions": versions(),
            **asdict(finding),
        }
        card = write_card(folder, "audits", audit_id, **traced(home, "audits", fields))
        (folder / "report.html").write_bytes(report_file(home, image_report(home, card), HTML))
    return home.card("audits", audit_id)


def held_out_of(known: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Give an auditor's scores of held-out members (P,) and externals (M,), each ascending.

    Args:
        known: is_member, part and the auditor's own score of its cohort.
    """
    score = known.column(AUDITOR).to_numpy()
    is_member = known.column("is_member").to_numpy()
    usable = pc.equal(known.column("part"), "test").to_numpy() & np.isfinite(score)
    return np.sort(score[usable & is_member]), np.sort(score[usable & ~is_member])


def _finding(auditor: ImageAuditor, name: str, sample_id: str, score: float) -> ImageFinding:
    _, external = auditor.held_out
    p_value = float(conformal_p_values(np.array([score]), external)[0])
    verdict = image_verdict(Tier(auditor.card["tier"]), p_value)
    registered_as, part = _registered(auditor.known, sample_id)
    return ImageFinding(
        name=name,
        sample_id=sample_id,
        score=score,
        probability=float(calibrated(np.array([score]), auditor.card["calibration"])[0]),
        p_value=p_value,
        verdict=verdict.verdict,
        tier=verdict.tier.value,
        meaning=verdict.meaning,
        registered_as=registered_as,
        registered_part=part,
        remark=GUESSED_LABEL if _reads_labels(auditor.card) else None,
    )


def _reads_labels(card: Card) -> bool:
    return any(parse_view(spec.view).target == LABEL for spec in specs_of(card))


def _registered(known: pa.Table, sample_id: str) -> tuple[str | None, str | None]:
    rows = np.flatnonzero(pc.equal(known.column("sample_id"), sample_id).to_numpy())
    if not len(rows):
        return None, None
    row = known.slice(int(rows[0]), 1).to_pylist()[0]
    return "member" if row["is_member"] else "external", row["part"]
