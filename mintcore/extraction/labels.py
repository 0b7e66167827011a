"""Which output of a classifier stands for an image's label."""

from collections.abc import Mapping, Sequence

from mintcore.errors import MintError
from store.artefacts import Card


def class_indices(card: Card, labels: Mapping[str, str | None]) -> dict[str, int]:
    """Turn labels into class numbers.

    Args:
        card: The audited model's. Its classes have names where it was trained here or was added with
            ``--classes``; otherwise labels must be class numbers.
        labels: Sample id -> label.

    Returns:
        Sample id -> class number, from 0.

    Raises:
        MintError: An image has no label, or a label stands for no class.
    """
    numbers = {name: number for number, name in enumerate(class_names(card))}
    unlabelled = [sample_id for sample_id, label in labels.items() if label is None]
    if unlabelled:
        raise MintError(
            f"{len(unlabelled)} of {len(labels)} images have no label (for example {unlabelled[0]}), which the "
            "target label needs: register them with labels, or give --target predicted."
        )
    strangers = sorted({label for label in labels.values() if label not in numbers}, key=str)
    if strangers:
        raise MintError(
            f"{card['id']} has no class {strangers[0]!r} ({len(strangers)} labels stand for none of its "
            f"{len(numbers)} classes): give their names with `mint model add --classes`."
        )
    return {sample_id: numbers[str(label)] for sample_id, label in labels.items()}


def class_names(card: Card) -> Sequence[str]:
    """Give the names of a classifier's classes, in the order of its output; their numbers where they have none."""
    named = card.get("classes") or card.get("trained_on", {}).get("classes")
    return named or [str(number) for number in range(card["num_classes"])]
