"""How pages write names, numbers and kinds; the wording of findings is in ``mintcore.verdicts``."""

import html
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dashboard.titles import title_of
from mintcore.auditors import OF_SEVERAL
from mintcore.verdicts import SHOWN_TIERS

INTERVALS = "Intervals are 95%."

NETWORKS = {
    "auditor": "auditor",
    "fresh weights": "blind: fresh weights",
    "reference model": "blind: reference model",
    "raw pixels": "blind: raw pixels",
    "permuted labels": "null: permuted labels",
}
"""Network of an auditor -> its label on charts."""

BLIND_HELP = (
    "The same test, made by networks that cannot know the members: the same model with fresh weights, a reference "
    "model that never saw them, and the raw pixels. The best of these counts. What it reaches comes from a difference "
    "between the two groups of images, not from membership."
)
ADVANTAGE_HELP = (
    "AUC of the auditor minus AUC of the best blind baseline. Only this is evidence of membership."
)
AUC_HELP = "How often a member scores above an external image, both chosen at random. 0.5 is chance, 1 is perfect."
EFFECT_HELP = (
    "How much more often an image of the set scores above an external than below it: 0 is no difference, 1 is every "
    "image above every external (Cliff's delta, 2 AUC - 1). Unlike the p-value it does not grow with the image count."
)
SHARE_HELP = (
    "Estimated over the whole set, not counted from single images: the weight of members in a mixture of the held-out "
    "members' scores and the held-out externals'."
)
P_VALUE_HELP = "Share of held-out external images that score at least as high as this one."

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=&@])")
# Also what turns the direction of the text around it, begins a line, or is half a character, which nothing can send.
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+"
)


def as_html(text: str) -> str:
    """Write text from outside such that HTML shows it as it is."""
    return html.escape(_CONTROL.sub(" ", text))


def plain(text: str) -> str:
    """Write text from outside such that Markdown shows it as it is."""
    return _MARKDOWN.sub(r"\\\1", _CONTROL.sub(" ", text))


def named(name: str) -> str:
    """Write a name from outside as code, in which no Markdown is read."""
    clean = _CONTROL.sub(" ", name)
    longest = max((len(run) for run in re.findall(r"`+", clean)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {clean} {fence}" if longest else f"{fence}{clean}{fence}"


def memory_note(model: Mapping[str, Any]) -> str | None:
    """Say of a model that was trained here with wrong labels that it was made to remember; None for any other.

    Args:
        model: The model's card.
    """
    trained_on = model.get("trained_on", {})
    if not trained_on.get("wrong_labels"):
        return None
    augment = trained_on.get("augment", "none")
    augmented = "no augmentation" if augment == "none" else f"{augment} augmentation"
    return (
        f"{named(model['id'])} was made to remember, so that there is something to see: {trained_on['images']:,} "
        f"images, {trained_on['epochs']} epochs, {augmented}, and {trained_on['wrong_labels']:,} of the labels "
        "wrong on purpose. A model in use usually remembers far less."
    )


def interval(bounds: Sequence[float]) -> str:
    """Write the two ends of an interval."""
    return f"{bounds[0]:.3f} to {bounds[1]:.3f}"


def signed(value: float) -> str:
    """Write a difference with its sign; what rounds to nothing is written without a minus."""
    return f"{round(value, 3) + 0.0:+.3f}"


def signed_interval(bounds: Sequence[float]) -> str:
    """Write the two ends of the interval of a difference."""
    return f"{signed(bounds[0])} to {signed(bounds[1])}"


def p_value(value: float) -> str:
    """Write a p-value with two figures."""
    return f"{value:.2g}" if value >= 1e-4 else "< 0.0001"


def share_of_members(share: Mapping[str, Any] | None) -> str:
    """Write an estimated share with its interval."""
    if share is None:
        return "not measurable"
    low, high = share["interval"]
    return f"{share['value']:.0%} ({low:.0%} to {high:.0%})"


def tier_headline(tier: str) -> str:
    """Write a tier as the headline of an auditor's finding."""
    words = f"{tier} evidence of membership" if tier in SHOWN_TIERS else tier
    return words[:1].upper() + words[1:]


def when(moment: str) -> str:
    """Write an ISO 8601 time, which all files have in UTC."""
    return f"{datetime.fromisoformat(moment):%d %b %Y, %H:%M} UTC" if moment else ""


def duration(seconds: float) -> str:
    """Write a time span in its two largest units."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def duration_between(start: str, end: str) -> str:
    """Write the time between two ISO 8601 times."""
    return duration((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())


def size(count: int) -> str:
    """Write a number of bytes."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def short_count(count: int) -> str:
    """Write a count such that it fits into a small place; all of its digits up to a million."""
    return f"{count:,}" if count < 1_000_000 else f"{count / 1e6:,.2f} M"


def auditor_name(card: Mapping[str, Any]) -> str:
    """Name an auditor among those of one experiment."""
    if card["auditor_kind"] in OF_SEVERAL:
        return f"{card['auditor_kind']}, {card['id'][-4:]}"
    usual = card["view"] == "pooled" or card["auditor_kind"] == "cnn"
    tuned = f", tuned {card['id'][-4:]}" if card.get("search") else ""
    view = "" if usual else f" of {card['view']}"
    return f"{card['layer']}, {card['auditor_kind']}{view}{tuned}"


def auditor_label(card: Mapping[str, Any]) -> str:
    """Name an auditor by what a person chooses it for, after the title that a person gave it."""
    made_from = card["made_from"]
    label = (
        f"{card['model']}, {auditor_name(card)} "
        f"({made_from['members']['dataset']} against {made_from['external']['dataset']}, {card['tier']})"
    )
    title = title_of("auditors", card["id"])
    return f"{title}: {label}" if title else label


def experiment_label(experiment: Mapping[str, Any]) -> str:
    """Name an experiment: everything but layer and kind."""
    reference = experiment["reference"]
    with_reference = f", reference {reference}" if reference else ", no reference model"
    return (
        f"{experiment['model']}: {experiment['members']} against {experiment['external']}"
        f"{with_reference}, maps of {experiment['map_side']}, seed {experiment['seed']}"
    )


_JOB_TITLES = {
    "extract": "Activations of {model} for {datasets}",
    "train": "Training an auditor of {model}, layer {layers}",
    "tune": "Searching the settings of an auditor of {model}",
    "sweep": "Training auditors of {model}, layers {layers}",
    "train-model": "Training the model {name} on {datasets}",
    "train-references": "Training reference models of {of} on {pool}",
    "audit": "Audit of {datasets} by {auditors}",
    "compare": "Comparison of {external} as externals of {model}",
    "methods": "Other methods on {model}",
    "protocol": "Protocol {name}",
    "demo": "The demo: a model that remembers handwritten digits, and its auditors",
    "report": "Reports of {subjects}",
    "add-model": "Registration of the model {name}",
    "add-dataset": "Registration of the dataset {name}",
    "verify": "Verification of what is stored",
    "overlap": "Overlap of {first} and {second}",
}


def job_title(kind: str, params: Mapping[str, Any]) -> str:
    """Say what a job does, in Markdown; the names in it come from outside."""
    known = dict(params)
    if isinstance(tuned := params.get("auditor"), Mapping):
        known |= tuned
    if new := params.get("new"):
        known["datasets"] = [*params.get("datasets", ()), *(each["name"] for each in new)]
    values = defaultdict(str, {name: named(_listed(value)) for name, value in known.items()})
    return _JOB_TITLES.get(kind, f"Job of kind {named(kind)}").format_map(values)


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
